import type { Event, Instant } from '../event/event.ts';
import type { EntityId, EntityLabel } from './entity.ts';
import { EvaluatorOutput } from './evaluator-output.ts';
import type { Window } from './expression/compile.ts';
import { counts } from './expression/event-metrics.ts';
import type { Verdict } from './expression/expression.ts';
import type { Value } from './expression/series.ts';
import { snapshotOf } from './expression/snapshot.ts';
import { alarmIdOf, type EntityState, type FiringAlarm } from './machine.ts';
import { type MinuteCheck, type MinuteRuleState, mayForget } from './minute-rule.ts';
import type { AlarmRule, MinuteCondition } from './rule.ts';
import {
  type AlarmChange,
  type AlarmView,
  maxEvidence,
  type RuleEvaluator,
  type SavedState,
} from './rule-evaluator.ts';
import type { HeldSample, SampleBook } from './sample-book.ts';

/** The minute in which an event counts: that of its latest report's arrival, or that of its time. */
export const eventMinutes = ['arrival', 'startTime'] as const;
export type EventMinute = (typeof eventMinutes)[number];

const minuteMicros = 60_000_000;
/** The minutes up to the last one are checked this long after it has ended, so that its last events have arrived. */
const checkDelayMicros = 15_000_000;

/** How far back the next check of a rule looks. */
export const minutesMicros = ({ rule }: MinuteCondition): number =>
  (rule.windowMinutes + 1) * minuteMicros + checkDelayMicros;

/** The state of an entity of a rule that is checked once a minute. It is JSON. */
interface MinuteEntityState extends EntityState {
  readonly minutes: MinuteRuleState;
}

/** An event in the window of an entity. */
interface MinuteSample {
  readonly eventId: string;
  /** Minutes since the epoch. */
  readonly minute: number;
  /** The series that count it. */
  readonly series: readonly number[];
  readonly position: Instant;
  readonly index: number;
}

/** What was counted in one minute. */
interface Bucket {
  /** By the series. */
  readonly counts: number[];
  readonly samples: Set<MinuteSample>;
}

interface Entity {
  readonly id: EntityId;
  readonly buckets: Map<number, Bucket>;
  state: MinuteEntityState;
  /** What was shown last of its alarm. */
  view: AlarmView | null;
  /** What its latest look at its window found; null where that has changed. */
  seen: Seen | null;
}

interface Seen {
  /** Whether no minute up to the check has events. */
  readonly isEmpty: boolean;
  readonly verdicts: readonly Verdict[];
  /** The first check that may find something else. */
  readonly until: number;
}

interface OwnSample extends HeldSample {
  readonly sample: MinuteSample;
  readonly entity: Entity;
}

/** A window of an entity as it was checked last. */
export interface CheckedWindow {
  readonly labels: readonly EntityLabel[];
  /** The start of its last minute. */
  readonly lastMinute: Instant;
  readonly minutes: MinuteRuleState;
  /** Each series, oldest minute first; as of the moment of the call. */
  readonly window: () => Window;
}

interface MinuteEvaluatorOptions {
  readonly ruleId: string;
  readonly rule: AlarmRule;
  readonly book: SampleBook;
  readonly maxEntities: number;
  readonly condition: MinuteCondition;
  readonly eventMinute: EventMinute;
}

/** The number of a minute whose check is the last one at or before a moment: it looks at the minutes before it. */
const checkAt = (at: Instant): number => Math.floor((at - checkDelayMicros) / minuteMicros);
const momentOf = (check: number): Instant => check * minuteMicros + checkDelayMicros;

/** Evaluates a rule whose condition looks at counts of whole minutes, once a minute. */
export class MinuteEvaluator implements RuleEvaluator {
  readonly ruleId: string;
  readonly rule: AlarmRule;
  readonly #options: MinuteEvaluatorOptions;
  readonly #entities = new Map<string, Entity>();
  readonly #output: EvaluatorOutput;
  #lastCheck = 0;

  constructor(options: MinuteEvaluatorOptions) {
    this.#options = options;
    this.#output = new EvaluatorOutput(options.maxEntities);
    this.ruleId = options.ruleId;
    this.rule = options.rule;
  }

  get problem(): string | null {
    return this.#output.problem;
  }

  get nextDueAt(): Instant {
    return this.#entities.size === 0 ? Number.POSITIVE_INFINITY : momentOf(this.#lastCheck + 1);
  }

  get entityCount(): number {
    return this.#entities.size;
  }

  restore(key: string, state: EntityState): void {
    const entity = this.#entity({ key, labels: state.labels });
    if (entity !== null) entity.state = this.#restored(state);
  }

  insert(event: Event): void {
    this.#replace(event, true);
  }

  settle(at: Instant): readonly AlarmChange[] {
    this.#lastCheck = checkAt(at);
    return [];
  }

  apply(event: Event, at: Instant, matches: boolean): readonly AlarmChange[] {
    const changes = this.advance(at);
    this.#replace(event, matches);
    return changes;
  }

  advance(to: Instant): readonly AlarmChange[] {
    const last = checkAt(to);
    while (this.#lastCheck < last && this.#entities.size > 0) {
      this.#lastCheck += 1;
      for (const entity of [...this.#entities.values()]) this.#check(entity);
    }
    this.#lastCheck = Math.max(this.#lastCheck, last);
    return this.#output.takeChanges();
  }

  close(at: Instant): readonly AlarmChange[] {
    for (const { id, state } of this.#entities.values()) {
      if (!mayForget(state.minutes)) this.#output.state(id.key, null);
      if (state.alarm === null) continue;
      this.#note('RECOVERED', id, state.alarm, { at, value: null, threshold: null });
    }
    this.release();
    return this.#output.takeChanges();
  }

  release(): void {
    for (const { buckets } of this.#entities.values()) {
      for (const { samples } of buckets.values()) {
        for (const sample of samples) this.#options.book.remove(sample);
      }
    }
    this.#entities.clear();
  }

  states(): readonly SavedState[] {
    return [...this.#entities.values()]
      .filter(({ state }) => !mayForget(state.minutes))
      .map(({ id, state }) => ({ entity: id.key, state }));
  }

  takeUnsaved(): readonly SavedState[] {
    return this.#output.takeStates();
  }

  takeViews(): ReadonlyMap<string, AlarmView> {
    return this.#output.takeViews();
  }

  /** The entities that it knows, and what their windows had in the last check. */
  *windows(): Iterable<CheckedWindow> {
    const lastMinute = (this.#lastCheck - 1) * minuteMicros;
    for (const entity of this.#entities.values()) {
      const { id, state } = entity;
      const window = () => this.#window(entity);
      yield { labels: id.labels, lastMinute, minutes: state.minutes, window };
    }
  }

  /** A state of a rule that was evaluated otherwise before goes on with its alarm, and with a silence of a minute. */
  #restored(state: EntityState): MinuteEntityState {
    if ('minutes' in state) return state as MinuteEntityState;
    const { initial } = this.#options.condition.rule;
    const minutes: MinuteRuleState =
      state.alarm === null ? initial : { ...initial, phase: 'FIRING', silenceCountdown: 1 };
    return { ...state, since: null, phase: state.alarm === null ? 'NORMAL' : 'FIRING', minutes };
  }

  /** Takes the earlier state of an event out of the windows, and its new one in. */
  #replace(event: Event, matches: boolean): void {
    const { book } = this.#options;
    for (const held of [...book.of(event.id)]) {
      if (!this.#isOwn(held)) continue;
      this.#take(held.entity, held.sample);
      book.remove(held.sample);
    }
    if (!matches) return;
    const { series: selectors } = this.#options.condition.rule;
    const series = selectors.flatMap((selector, at) => (counts(selector, event) ? [at] : []));
    if (series.length === 0) return;
    const minute = this.#minuteOf(event);
    if (minute < this.#firstMinute) return;
    const position = event.endTime ?? event.time;
    for (const id of this.rule.entitiesOf(event)) {
      const entity = this.#entity(id);
      if (entity === null) continue;
      this.#add(entity, { eventId: event.id, minute, series, position, index: event.index });
    }
  }

  #isOwn(held: HeldSample): held is OwnSample {
    return held.evaluator === this;
  }

  #minuteOf({ recordedAt, time }: Event): number {
    const moment = this.#options.eventMinute === 'arrival' ? recordedAt : time;
    return Math.floor(moment / minuteMicros);
  }

  /** The first minute at which the next check looks. */
  get #firstMinute(): number {
    return this.#lastCheck + 1 - this.#options.condition.rule.windowMinutes;
  }

  #add(entity: Entity, sample: MinuteSample): void {
    const { book, condition } = this.#options;
    const { buckets } = entity;
    if (book.isFull) {
      this.#output.tooManySamples();
      return;
    }
    let bucket = buckets.get(sample.minute);
    if (bucket === undefined) {
      bucket = { counts: condition.rule.series.map(() => 0), samples: new Set() };
      buckets.set(sample.minute, bucket);
    }
    for (const at of sample.series) bucket.counts[at] = (bucket.counts[at] ?? 0) + 1;
    bucket.samples.add(sample);
    entity.seen = null;
    const held: OwnSample = { evaluator: this, sample, entity };
    book.add(held);
  }

  #take(entity: Entity, sample: MinuteSample): void {
    const { buckets } = entity;
    const bucket = buckets.get(sample.minute);
    if (bucket?.samples.delete(sample) !== true) return;
    entity.seen = null;
    for (const at of sample.series) bucket.counts[at] = (bucket.counts[at] ?? 0) - 1;
    if (bucket.samples.size === 0) buckets.delete(sample.minute);
  }

  /** Null where there are too many entities. */
  #entity(id: EntityId): Entity | null {
    const known = this.#entities.get(id.key);
    if (known !== undefined) return known;
    if (this.#entities.size >= this.#options.maxEntities) {
      this.#output.tooManyEntities();
      return null;
    }
    const { initial } = this.#options.condition.rule;
    const normal = { phase: 'NORMAL', since: null, fired: 0, alarm: null } as const;
    const state = { labels: id.labels, ...normal, minutes: initial };
    const entity: Entity = { id, buckets: new Map(), state, view: null, seen: null };
    this.#entities.set(id.key, entity);
    return entity;
  }

  #check(entity: Entity): void {
    const { id, buckets, state: before } = entity;
    if (entity.seen === null || entity.seen.until <= this.#lastCheck) {
      entity.seen = this.#look(entity);
    }
    const { isEmpty, verdicts } = entity.seen;
    const canForget = mayForget(before.minutes);
    const { rule } = this.#options.condition;
    if (canForget && isEmpty) {
      // An entity of which only later minutes are known is kept.
      if (buckets.size === 0) this.#entities.delete(id.key);
      else entity.state = { ...before, minutes: rule.initial };
      return;
    }
    entity.state = this.#after(entity, rule.check(before.minutes, verdicts));
    const isNormal = mayForget(entity.state.minutes);
    if (!isNormal || !canForget) this.#output.state(id.key, isNormal ? null : entity.state);
  }

  #look(entity: Entity): Seen {
    this.#forgetMinutes(entity);
    const { rule } = this.#options.condition;
    let isEmpty = true;
    let until = Number.POSITIVE_INFINITY;
    for (const minute of entity.buckets.keys()) {
      if (minute < this.#lastCheck) isEmpty = false;
      for (const age of rule.ages) {
        const check = minute + age;
        if (check > this.#lastCheck && check < until) until = check;
      }
    }
    return { isEmpty, until, verdicts: rule.verdicts(this.#window(entity)) };
  }

  #after(entity: Entity, { state: minutes, outcome, verdict }: MinuteCheck): MinuteEntityState {
    const { id, state: before } = entity;
    if (outcome === null && before.alarm === null) return { ...before, minutes };
    const at = momentOf(this.#lastCheck);
    const { value, threshold } = verdict;
    const numbers = { at, value, threshold };
    if (outcome === 'FIRED') {
      const alarm = this.#fired(entity, at, value);
      const isFirst = before.alarm === null;
      if (isFirst) this.#note('FIRED', id, alarm, { ...numbers, entity });
      else this.#note('REMINDED', id, alarm, numbers);
      this.#show(entity, alarm, { value, isObserving: false });
      const fired = before.fired + Number(isFirst);
      return { ...before, phase: 'FIRING', since: null, fired, alarm, minutes };
    }
    if (before.alarm === null) return { ...before, minutes };
    if (outcome === 'RECOVERED') {
      this.#note('RECOVERED', id, before.alarm, numbers);
      return { ...before, phase: 'NORMAL', since: null, alarm: null, minutes };
    }
    const isObserving = minutes.phase === 'OBSERVING_RECOVERY';
    this.#show(entity, before.alarm, { value, isObserving });
    if (!isObserving) return { ...before, phase: 'FIRING', since: null, minutes };
    return { ...before, phase: 'OBSERVING', since: before.since ?? at, minutes };
  }

  #show(entity: Entity, { id }: FiringAlarm, view: AlarmView): void {
    const { view: before } = entity;
    if (before?.value === view.value && before.isObserving === view.isObserving) return;
    entity.view = view;
    this.#output.view(id, view);
  }

  /** The alarm that fires, or that fires again after a silence. */
  #fired({ id, state: { alarm, fired } }: Entity, at: Instant, value: Value): FiringAlarm {
    if (alarm !== null) return { ...alarm, notices: alarm.notices + 1, notifiedAt: at };
    const alarmId = alarmIdOf(this.ruleId, id.key, fired + 1, at);
    return { id: alarmId, startedAt: at, value, notices: 1, notifiedAt: at };
  }

  #note(
    kind: AlarmChange['kind'],
    id: EntityId,
    alarm: FiringAlarm,
    {
      at,
      value,
      threshold,
      entity = null,
    }: {
      readonly at: Instant;
      readonly value: Value;
      readonly threshold: Value;
      readonly entity?: Entity | null;
    },
  ): void {
    this.#output.change({
      kind,
      alarmId: alarm.id,
      labels: id.labels,
      at,
      startedAt: alarm.startedAt,
      value: alarm.value,
      latestValue: value,
      threshold,
      notices: alarm.notices,
      evidence: entity === null ? [] : this.#evidence(entity),
      trigger: null,
      details: entity === null ? null : this.#details(entity),
    });
  }

  #evidence({ buckets }: Entity): readonly string[] {
    return [...buckets]
      .filter(([minute]) => minute < this.#lastCheck)
      .flatMap(([, { samples }]) => [...samples])
      .sort((a, b) => b.position - a.position || b.index - a.index)
      .slice(0, maxEvidence)
      .map(({ eventId }) => eventId);
  }

  #details(entity: Entity): AlarmChange['details'] {
    const lastMinuteMs = ((this.#lastCheck - 1) * minuteMicros) / 1_000;
    const { rule } = this.#options.condition;
    return { mqeMetricsSnapshot: snapshotOf(rule, this.#window(entity), lastMinuteMs) };
  }

  /** The counts of the minutes that the last check looks at. */
  #window({ buckets }: Entity): readonly (readonly Value[])[] {
    const { series, windowMinutes } = this.#options.condition.rule;
    const first = this.#lastCheck - windowMinutes;
    return series.map((_, at) => {
      // A minute without events has no count.
      const values: Value[] = new Array(windowMinutes).fill(null);
      for (const [minute, { counts }] of buckets) {
        const place = minute - first;
        if (place >= 0 && place < windowMinutes) values[place] = counts[at] || null;
      }
      return values;
    });
  }

  #forgetMinutes({ buckets }: Entity): void {
    const first = this.#lastCheck - this.#options.condition.rule.windowMinutes;
    for (const [minute, { samples }] of buckets) {
      if (minute >= first) continue;
      for (const sample of samples) this.#options.book.remove(sample);
      buckets.delete(minute);
    }
  }
}
