import { setImmediate } from 'node:timers/promises';
import type { Event, Instant } from '../event/event.ts';
import type { Filter } from '../event/filter.ts';
import { InputError } from '../event/input-error.ts';
import { compileFilter } from '../event/matcher.ts';
import type { NamedLabel } from '../store/alarms/alarm-table.ts';
import type { Store } from '../store/store.ts';
import { entityName, namedLabels } from './entity.ts';
import { Heap } from './heap.ts';
import { type EventMinute, minutesMicros } from './minute-evaluator.ts';
import { openEvaluator } from './open-evaluator.ts';
import type { AlarmRule } from './rule.ts';
import type { AlarmChange, RuleEvaluator } from './rule-evaluator.ts';
import { SampleBook } from './sample-book.ts';

/** An alarm that a rule would have made. */
export interface TestedAlarm {
  readonly entity: readonly NamedLabel[];
  readonly startedAt: Instant;
  readonly recoveredAt: Instant | null;
  readonly value: number | null;
  readonly message: string;
}

export interface RuleTest {
  readonly alarms: readonly TestedAlarm[];
  readonly truncated: boolean;
  readonly evaluatedEvents: number;
}

const maxAlarms = 1_000;
const maxEvents = 1_000_000;
const pageSize = 1_000;
const day = 86_400_000_000;
/** The time that passes at once. */
const stepMicros = 600_000_000;

interface RuleTestOptions {
  /** As the caller sees it. */
  readonly store: Store;
  readonly from: Instant;
  readonly to: Instant;
  readonly maxEntities: number;
  readonly eventMinute: EventMinute;
}

interface Change {
  readonly at: Instant;
  readonly event: Event;
}

/**
 * The alarms that a rule would have made over a part of the past, had each event been reported as it began and as it
 * ended. What it looks back at begins before, and events may have begun up to a day before that.
 * @throws InputError where there are too many events
 */
export async function testRule(rule: AlarmRule, options: RuleTestOptions): Promise<RuleTest> {
  const { store, from, to, maxEntities, eventMinute } = options;
  const back = lookBackMicros(rule);
  const book = new SampleBook(maxEvents);
  const since = from - back;
  const ruleId = 'a test';
  const madeAt = rule.condition.kind === 'NOT_ENDED' ? since - day : since;
  // Reminders are not shown.
  const quiet = { ...rule, silenceForMicros: null };
  const evaluator = openEvaluator({
    ruleId,
    rule: quiet,
    book,
    maxEntities,
    since: madeAt,
    eventMinute,
  });
  const alarms = new TestedAlarms(rule, { from, to });
  const matches = compileFilter(rule.filter);
  let evaluatedEvents = 0;
  let isSettled = false;
  const settle = () => {
    if (!isSettled) alarms.add(evaluator.settle(since));
    isSettled = true;
  };
  for await (const { at, event } of changesOf(store, rule.filter, { from: since - day, to })) {
    if (++evaluatedEvents > 2 * maxEvents) throw tooMany();
    if (at > to) continue;
    if (at <= since) {
      evaluator.insert(event);
      continue;
    }
    settle();
    await pass(evaluator, at, alarms);
    alarms.add(evaluator.apply(event, at, matches(event)));
    if (alarms.isFull) break;
  }
  settle();
  await pass(evaluator, to, alarms);
  return { ...alarms.result, evaluatedEvents };
}

/** Lets the time pass in steps: others work in between. */
async function pass(evaluator: RuleEvaluator, to: Instant, alarms: TestedAlarms): Promise<void> {
  for (let next = evaluator.nextDueAt; next <= to && !alarms.isFull; next = evaluator.nextDueAt) {
    alarms.add(evaluator.advance(Math.min(to, next + stepMicros)));
    await setImmediate();
  }
}

/** How far back a rule looks for events. */
export function lookBackMicros({ condition, pendingForMicros }: AlarmRule): number {
  switch (condition.kind) {
    case 'THRESHOLD':
      return condition.overMicros + pendingForMicros;
    case 'NOT_ENDED':
      return condition.withinMicros + pendingForMicros;
    case 'ABSENT':
      return condition.forMicros + pendingForMicros;
    case 'MINUTES':
      return minutesMicros(condition);
  }
}

const tooMany = (): InputError =>
  new InputError(
    ['time'],
    `More than ${maxEvents} events match: test a shorter time, or filter more.`,
  );

/** Each event as it began, and as it ended where it did, in the order of these moments. */
async function* changesOf(
  store: Store,
  filter: Filter,
  { from, to }: { readonly from: Instant; readonly to: Instant },
): AsyncGenerator<Change> {
  const ends = new Heap<Change>((a, b) => a.at - b.at);
  for await (const event of eventsOf(store, { all: [filter, { time: { from, to } }] })) {
    for (let end = ends.first; end !== undefined && end.at <= event.time; end = ends.first) {
      ends.take();
      yield end;
    }
    const { endTime } = event;
    yield { at: event.time, event: { ...event, endTime: null, recordedAt: event.time } };
    if (endTime !== null) ends.add({ at: endTime, event: { ...event, recordedAt: endTime } });
  }
  for (let end = ends.take(); end !== undefined; end = ends.take()) yield end;
}

async function* eventsOf(store: Store, filter: Filter): AsyncGenerator<Event> {
  let after: { readonly time: Instant; readonly index: number } | undefined;
  for (let count = 0; ; ) {
    const page = await store.page({
      filter,
      order: 'TIME_ASC',
      limit: pageSize,
      ...(after !== undefined && { after }),
    });
    count += page.events.length;
    if (count > maxEvents) throw tooMany();
    yield* page.events;
    after = page.events.at(-1);
    if (!page.more || after === undefined) return;
  }
}

/** The alarms of a test that fired within its time. */
class TestedAlarms {
  readonly #rule: AlarmRule;
  readonly #time: { readonly from: Instant; readonly to: Instant };
  readonly #alarms = new Map<string, TestedAlarm>();
  isFull = false;

  constructor(rule: AlarmRule, time: { readonly from: Instant; readonly to: Instant }) {
    this.#rule = rule;
    this.#time = time;
  }

  get result(): Pick<RuleTest, 'alarms' | 'truncated'> {
    return { alarms: [...this.#alarms.values()], truncated: this.isFull };
  }

  add(changes: readonly AlarmChange[]): void {
    for (const change of changes) {
      if (change.kind === 'FIRED') this.#fired(change);
      else if (change.kind === 'RECOVERED') this.#recovered(change);
    }
  }

  #fired({ alarmId, at, labels, value, threshold, trigger }: AlarmChange): void {
    if (at < this.#time.from || at > this.#time.to || this.isFull) return;
    if (this.#alarms.size >= maxAlarms) {
      this.isFull = true;
      return;
    }
    const { name: rule, message, entity } = this.#rule;
    const facts = {
      name: entityName(labels, rule),
      rule,
      labels,
      value,
      threshold,
    };
    this.#alarms.set(alarmId, {
      entity: namedLabels(labels, entity),
      startedAt: at,
      recoveredAt: null,
      value,
      message: message.render(facts, trigger),
    });
  }

  #recovered({ alarmId, at }: AlarmChange): void {
    const alarm = this.#alarms.get(alarmId);
    if (alarm !== undefined) this.#alarms.set(alarmId, { ...alarm, recoveredAt: at });
  }
}
