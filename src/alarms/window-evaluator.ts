import type { Event, Instant } from '../event/event.ts';
import { type EntityId, wholeEntity } from './entity.ts';
import { EvaluatorOutput } from './evaluator-output.ts';
import { Heap } from './heap.ts';
import {
  alarmIdOf,
  type ChangeKind,
  check,
  type EntityState,
  type FiringAlarm,
  nextCheckAt,
  normalState,
} from './machine.ts';
import type { AlarmRule, SlidingCondition } from './rule.ts';
import {
  type AlarmChange,
  type AlarmView,
  maxEvidence,
  type RuleEvaluator,
  type SavedState,
} from './rule-evaluator.ts';
import type { HeldSample, SampleBook } from './sample-book.ts';
import { type EntityWindow, openWindow, type Sample, thresholdOf } from './window.ts';

/** An entity of a rule. */
interface Entity {
  readonly id: EntityId;
  readonly window: EntityWindow;
  state: EntityState;
  /** The earliest check among the timers; null where there is none. */
  checkAt: Instant | null;
}

/** A sample and the entity whose window it is in. */
interface OwnSample extends HeldSample {
  readonly sample: Sample;
  readonly entity: Entity;
}

/** A moment at which something changes by itself: a sample is due, or a period or the time without events ends. */
interface Timer {
  readonly at: Instant;
  readonly entity: Entity;
  /** Null where the entity is to be checked. */
  readonly sample: Sample | null;
}

const byMoment = (a: Timer, b: Timer): number => a.at - b.at;

export interface EvaluatorOptions {
  readonly ruleId: string;
  readonly rule: AlarmRule;
  readonly book: SampleBook;
  readonly maxEntities: number;
  /** Since when the rule is evaluated: before, nothing was missing. */
  readonly since: Instant;
}

interface WindowEvaluatorOptions extends EvaluatorOptions {
  readonly condition: SlidingCondition;
}

/** Evaluates a rule whose condition looks at a window that slides with each event and with the clock. */
export class WindowEvaluator implements RuleEvaluator {
  readonly ruleId: string;
  readonly rule: AlarmRule;
  readonly #options: WindowEvaluatorOptions;
  readonly #entities = new Map<string, Entity>();
  readonly #timers = new Heap<Timer>(byMoment);
  readonly #output: EvaluatorOutput;

  constructor(options: WindowEvaluatorOptions) {
    this.#options = options;
    this.#output = new EvaluatorOutput(options.maxEntities);
    this.ruleId = options.ruleId;
    this.rule = options.rule;
    if (options.rule.entity.length === 0) this.#entity(wholeEntity);
  }

  get problem(): string | null {
    return this.#output.problem;
  }

  get nextDueAt(): Instant {
    return this.#timers.first?.at ?? Number.POSITIVE_INFINITY;
  }

  get entityCount(): number {
    return this.#entities.size;
  }

  restore(key: string, state: EntityState): void {
    const entity = this.#entity({ key, labels: state.labels });
    if (entity === null) return;
    entity.state = state;
    const { alarm, since } = state;
    const heldSince = alarm === null ? since : alarm.startedAt - this.rule.pendingForMicros;
    if (heldSince !== null) entity.window.resume?.(heldSince);
  }

  insert(event: Event): void {
    this.#replace(event, true);
  }

  /** Checks every entity, after the windows were filled with what there was at this moment. */
  settle(at: Instant): readonly AlarmChange[] {
    this.#takeDue(at);
    for (const entity of [...this.#entities.values()]) this.#check(entity, at, null);
    return this.#output.takeChanges();
  }

  apply(event: Event, at: Instant, matches: boolean): readonly AlarmChange[] {
    const changes = this.advance(at);
    const touched = this.#replace(event, matches);
    // A late event may be overdue already, or out of the window.
    this.#takeDue(at);
    for (const entity of touched) this.#check(entity, at, event);
    return [...changes, ...this.#output.takeChanges()];
  }

  advance(to: Instant): readonly AlarmChange[] {
    for (let next = this.#timers.first; next !== undefined && next.at <= to; ) {
      this.#passMoment(next.at);
      next = this.#timers.first;
    }
    return this.#output.takeChanges();
  }

  close(at: Instant): readonly AlarmChange[] {
    for (const entity of this.#entities.values()) {
      const { state, id } = entity;
      if (state.phase !== 'NORMAL') this.#output.state(id.key, null);
      this.#note('RECOVERED', entity, { alarm: state.alarm, at, value: null, trigger: null });
    }
    this.release();
    return this.#output.takeChanges();
  }

  release(): void {
    for (const { window } of this.#entities.values()) {
      for (const sample of window.samples()) this.#options.book.remove(sample);
    }
    this.#entities.clear();
  }

  states(): readonly SavedState[] {
    return [...this.#entities.values()]
      .filter(({ state }) => state.phase !== 'NORMAL')
      .map(({ id, state }) => ({ entity: id.key, state }));
  }

  takeUnsaved(): readonly SavedState[] {
    return this.#output.takeStates();
  }

  takeViews(): ReadonlyMap<string, AlarmView> {
    return this.#output.takeViews();
  }

  /** All that is due at one moment: first the windows change, then it is checked what that means. */
  #passMoment(at: Instant): void {
    for (const entity of this.#takeDue(at)) this.#check(entity, at, null);
  }

  /** Changes the windows by what is due up to a moment. @returns the entities to be checked */
  #takeDue(upTo: Instant): ReadonlySet<Entity> {
    const touched = new Set<Entity>();
    for (let next = this.#timers.first; next !== undefined && next.at <= upTo; ) {
      this.#timers.take();
      const { at, sample, entity } = next;
      next = this.#timers.first;
      if (sample === null) {
        if (entity.checkAt !== at) continue;
        entity.checkAt = null;
        touched.add(entity);
      } else if (!sample.isGone) {
        if (entity.window.due(sample)) this.#options.book.remove(sample);
        touched.add(entity);
      }
    }
    return touched;
  }

  /** Takes the earlier state of an event out of the windows, and its new one in. @returns the entities concerned */
  #replace(event: Event, matches: boolean): ReadonlySet<Entity> {
    const { book } = this.#options;
    const touched = new Set<Entity>();
    for (const held of [...book.of(event.id)]) {
      if (!this.#isOwn(held)) continue;
      const { sample, entity } = held;
      entity.window.remove(sample);
      book.remove(sample);
      touched.add(entity);
    }
    if (!matches) return touched;
    for (const id of this.rule.entitiesOf(event)) {
      const entity = this.#entity(id);
      if (entity === null) continue;
      touched.add(entity);
      this.#add(entity, event);
    }
    return touched;
  }

  #isOwn(held: HeldSample): held is OwnSample {
    return held.evaluator === this;
  }

  #add(entity: Entity, event: Event): void {
    const { book } = this.#options;
    const sample = entity.window.add(event);
    if (sample === null) return;
    if (book.isFull) {
      this.#output.tooManySamples();
      entity.window.remove(sample);
      return;
    }
    const held: OwnSample = { evaluator: this, sample, entity };
    book.add(held);
    this.#timers.add({ at: sample.dueAt, entity, sample });
  }

  /** Null where there are too many entities. */
  #entity(id: EntityId): Entity | null {
    const known = this.#entities.get(id.key);
    if (known !== undefined) return known;
    const { maxEntities, since } = this.#options;
    if (this.#entities.size >= maxEntities) {
      this.#output.tooManyEntities();
      return null;
    }
    const entity: Entity = {
      id,
      window: openWindow(this.#options.condition, since),
      state: normalState(id.labels),
      checkAt: null,
    };
    this.#entities.set(id.key, entity);
    return entity;
  }

  #check(entity: Entity, at: Instant, trigger: Event | null): void {
    const { id, window, state: before } = entity;
    const { holds, value } = window.verdict(at);
    const { state, change } = check(before, { holds, value, at }, this.rule, (number, firedAt) =>
      alarmIdOf(this.ruleId, id.key, number, firedAt),
    );
    if (state !== before) {
      entity.state = state;
      this.#output.state(id.key, state.phase === 'NORMAL' ? null : state);
    }
    const alarm = state.alarm ?? before.alarm;
    if (change !== null) this.#note(change, entity, { alarm, at, value, trigger });
    if (state.alarm !== null) {
      this.#output.view(state.alarm.id, { value, isObserving: state.phase === 'OBSERVING' });
    }
    this.#schedule(entity, at);
  }

  #note(
    kind: ChangeKind,
    { id, window }: Entity,
    {
      alarm,
      at,
      value,
      trigger,
    }: Pick<AlarmChange, 'at' | 'trigger'> & {
      readonly alarm: FiringAlarm | null;
      readonly value: number | null;
    },
  ): void {
    if (alarm === null) return;
    this.#output.change({
      kind,
      alarmId: alarm.id,
      labels: id.labels,
      at,
      startedAt: alarm.startedAt,
      value: alarm.value,
      latestValue: value,
      threshold: thresholdOf(this.#options.condition),
      notices: alarm.notices,
      evidence: kind === 'FIRED' ? window.evidence(maxEvidence) : [],
      trigger,
      details: null,
    });
  }

  /** One check at a time is among the timers, the earliest; an entity that is as if unknown is forgotten. */
  #schedule(entity: Entity, at: Instant): void {
    const { id, window, state } = entity;
    if (state.phase === 'NORMAL' && window.isEmpty && id !== wholeEntity) {
      this.#entities.delete(id.key);
      entity.checkAt = null;
      return;
    }
    const changesAt = window.changesAt ?? Number.POSITIVE_INFINITY;
    const next = Math.min(
      changesAt > at ? changesAt : Number.POSITIVE_INFINITY,
      Math.max(nextCheckAt(state, this.rule) ?? Number.POSITIVE_INFINITY, at),
    );
    if (next === Number.POSITIVE_INFINITY || (entity.checkAt !== null && entity.checkAt <= next)) {
      return;
    }
    entity.checkAt = next;
    this.#timers.add({ at: next, entity, sample: null });
  }
}
