import { entitiesOf } from '../../src/alarms/entity.ts';
import { measured } from '../../src/alarms/measured.ts';
import type { AlarmRule, ThresholdCondition } from '../../src/alarms/rule.ts';
import type { Event } from '../../src/event/event.ts';

/** A change of an event, and the moment from which it counts. */
export interface Change {
  readonly at: number;
  readonly event: Event;
}

/** An alarm as the tests compare it. */
export interface PlainAlarm {
  readonly entity: string;
  readonly startedAt: number;
  readonly recoveredAt: number | null;
  readonly value: number | null;
}

interface Machine {
  phase: 'NORMAL' | 'PENDING' | 'FIRING' | 'OBSERVING';
  since: number;
  alarm: { -readonly [Field in keyof PlainAlarm]: PlainAlarm[Field] } | null;
}

interface Looked {
  readonly holds: boolean;
  readonly value: number | null;
}

const none: Looked = { holds: false, value: null };
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

const statistics: Record<ThresholdCondition['figure'], (numbers: readonly number[]) => number> = {
  COUNT: (numbers) => numbers.length,
  SUM: sum,
  AVERAGE: (numbers) => sum(numbers) / numbers.length,
  MIN: (numbers) => Math.min(...numbers),
  MAX: (numbers) => Math.max(...numbers),
};

const operators: Record<ThresholdCondition['op'], (a: number, b: number) => boolean> = {
  EQ: (a, b) => a === b,
  NE: (a, b) => a !== b,
  LT: (a, b) => a < b,
  LTE: (a, b) => a <= b,
  GT: (a, b) => a > b,
  GTE: (a, b) => a >= b,
};

/** Looks at everything again at each moment: slow, and too plain to be wrong. */
class Plain {
  readonly alarms: NonNullable<Machine['alarm']>[] = [];
  readonly #rule: AlarmRule;
  readonly #from: number;
  readonly #matches: (event: Event) => boolean;
  readonly #latest = new Map<string, Event>();
  readonly #lastSeen = new Map<string, number>();
  readonly #hasSeen = new Set<string>();
  readonly #machines = new Map<string, Machine>();

  constructor(rule: AlarmRule, matches: (event: Event) => boolean, from: number) {
    this.#rule = rule;
    this.#from = from;
    this.#matches = matches;
    if (rule.entity.length === 0) {
      this.#lastSeen.set('[]', from);
      this.#machine('[]');
    }
  }

  lookAtAll(at: number): void {
    for (const entity of this.#machines.keys()) this.#look(entity, at);
  }

  change(event: Event, at: number): void {
    const touched = new Set<string>();
    const before = this.#latest.get(event.id);
    this.#latest.set(event.id, event);
    if (before !== undefined && this.#matches(before)) {
      for (const key of this.#keysOf(before)) touched.add(key);
    }
    if (this.#matches(event)) {
      for (const key of this.#keysOf(event)) {
        touched.add(key);
        this.#see(key, event.endTime ?? event.time);
      }
    }
    for (const entity of touched) this.#look(entity, at);
  }

  #keysOf(event: Event): readonly string[] {
    return entitiesOf(event, this.#rule.entity).map(({ key }) => key);
  }

  #see(entity: string, position: number): void {
    const before = this.#hasSeen.has(entity) ? this.#lastSeen.get(entity) : undefined;
    this.#hasSeen.add(entity);
    this.#lastSeen.set(entity, Math.max(position, before ?? position));
  }

  #machine(entity: string): Machine {
    const machine = this.#machines.get(entity) ?? { phase: 'NORMAL', since: 0, alarm: null };
    this.#machines.set(entity, machine);
    return machine;
  }

  #verdict(entity: string, at: number): Looked {
    const { condition } = this.#rule;
    if (condition.kind === 'ABSENT') {
      const seen = this.#lastSeen.get(entity);
      if (seen === undefined) return none;
      return { holds: seen + condition.forMicros <= at, value: (at - seen) / 1e6 };
    }
    if (condition.kind === 'MINUTES') throw new Error('See plain-minutes.ts.');
    const own = [...this.#latest.values()].filter(
      (event) => this.#matches(event) && this.#keysOf(event).includes(entity),
    );
    if (condition.kind === 'THRESHOLD') return threshold(condition, own, at);
    const times = own
      .filter(({ time, endTime }) => endTime === null && time + condition.withinMicros <= at)
      .filter(({ time }) => time + condition.withinMicros >= this.#from)
      .map(({ time }) => time);
    return times.length === 0 ? none : { holds: true, value: (at - Math.min(...times)) / 1e6 };
  }

  #look(entity: string, at: number): void {
    const machine = this.#machine(entity);
    const { holds, value } = this.#verdict(entity, at);
    if (holds) this.#holds(machine, { entity, at, value });
    else this.#doesNotHold(machine, at);
  }

  #holds(
    machine: Machine,
    { entity, at, value }: { entity: string; at: number; value: number | null },
  ): void {
    const { pendingForMicros } = this.#rule;
    if (machine.phase === 'OBSERVING') machine.phase = 'FIRING';
    if (machine.phase === 'NORMAL') Object.assign(machine, { phase: 'PENDING', since: at });
    if (machine.phase !== 'PENDING' || at - machine.since < pendingForMicros) return;
    machine.phase = 'FIRING';
    machine.alarm = { entity, startedAt: at, recoveredAt: null, value };
    this.alarms.push(machine.alarm);
  }

  #doesNotHold(machine: Machine, at: number): void {
    if (machine.phase === 'PENDING') machine.phase = 'NORMAL';
    if (machine.phase === 'FIRING') Object.assign(machine, { phase: 'OBSERVING', since: at });
    if (machine.phase !== 'OBSERVING' || at - machine.since < this.#rule.recoverAfterMicros) return;
    machine.phase = 'NORMAL';
    if (machine.alarm !== null) machine.alarm.recoveredAt = at;
    machine.alarm = null;
  }
}

function threshold(condition: ThresholdCondition, own: readonly Event[], at: number): Looked {
  const { measure, figure, op, overMicros } = condition;
  const numbers = own
    .filter(({ time, endTime }) => (endTime ?? time) + overMicros > at)
    .map((event) => (measure === null ? 1 : measured(event, measure)))
    .filter((number) => number !== null);
  if (numbers.length === 0 && figure !== 'COUNT') return none;
  const value = statistics[figure](numbers);
  return { holds: operators[op](value, condition.value), value };
}

/**
 * The alarms of a rule over a whole history, in the order in which they fired. All moments of the history and of the
 * rule are multiples of `step`.
 */
export function plainAlarms(
  rule: AlarmRule,
  matches: (event: Event) => boolean,
  history: readonly Change[],
  { from, to, step }: { readonly from: number; readonly to: number; readonly step: number },
): readonly PlainAlarm[] {
  const plain = new Plain(rule, matches, from);
  const left = [...history];
  for (let at = from; at <= to; at += step) {
    plain.lookAtAll(at);
    while ((left[0]?.at ?? Number.POSITIVE_INFINITY) <= at) {
      const change = left.shift();
      if (change !== undefined) plain.change(change.event, at);
    }
  }
  return plain.alarms;
}
