import { v5 } from 'uuid';
import type { Event, Instant } from '../event/event.ts';
import { type EntityId, type EntityLabel, entitiesOf, wholeEntity } from './entity.ts';
import { Heap } from './heap.ts';
import {
  type ChangeKind,
  check,
  type EntityState,
  type FiringAlarm,
  nextCheckAt,
  normalState,
} from './machine.ts';
import type { AlarmRule } from './rule.ts';
import { type EntityWindow, openWindow, type Sample } from './window.ts';

/** Makes ids of what is known, so that an alarm that is reported again is the same one. */
const idNamespace = '5c0f9d3e-6f0d-4c57-9c54-3d2f9b1f7a60';

/** Events of an alarm that are kept as its evidence. */
const maxEvidence = 20;

/** Something that an alarm is notified of. */
export interface AlarmChange {
  readonly kind: ChangeKind;
  readonly alarmId: string;
  readonly labels: readonly EntityLabel[];
  readonly at: Instant;
  readonly startedAt: Instant;
  /** The number that made it fire, and the one now. */
  readonly value: number | null;
  readonly latestValue: number | null;
  readonly notices: number;
  /** Ids of events, the latest first. */
  readonly evidence: readonly string[];
  /** The event that led to it; null where only time has passed. */
  readonly trigger: Event | null;
}

/** What is shown of a firing alarm apart from its changes. */
export interface AlarmView {
  readonly value: number | null;
  /** Whether its condition is gone, and not for long enough. */
  readonly isObserving: boolean;
}

/** A state that differs from what was saved; null for one that is as normal. */
export interface SavedState {
  readonly entity: string;
  readonly state: EntityState | null;
}

/** An entity of a rule. */
interface Entity {
  readonly evaluator: RuleEvaluator;
  readonly id: EntityId;
  readonly window: EntityWindow;
  state: EntityState;
  /** The earliest check among the timers; null where there is none. */
  checkAt: Instant | null;
}

/** A sample and the entity whose window it is in. */
interface HeldSample {
  readonly sample: Sample;
  readonly entity: Entity;
}

/** Which evaluators have an event in their windows: all evaluators of an engine share one. */
export class SampleBook {
  readonly #byEvent = new Map<string, HeldSample[]>();
  readonly #maxSamples: number;
  #size = 0;

  constructor(maxSamples: number) {
    this.#maxSamples = maxSamples;
  }

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size >= this.#maxSamples;
  }

  /** The evaluators that have the event in a window. */
  evaluatorsOf(eventId: string): readonly RuleEvaluator[] {
    return this.of(eventId).map(({ entity }) => entity.evaluator);
  }

  of(eventId: string): readonly HeldSample[] {
    return this.#byEvent.get(eventId) ?? none;
  }

  add(held: HeldSample): void {
    this.#size += 1;
    const { eventId } = held.sample;
    const others = this.#byEvent.get(eventId);
    if (others === undefined) this.#byEvent.set(eventId, [held]);
    else others.push(held);
  }

  remove(sample: Sample): void {
    const others = this.#byEvent.get(sample.eventId);
    const at = others?.findIndex((held) => held.sample === sample) ?? -1;
    if (others === undefined || at === -1) return;
    this.#size -= 1;
    if (others.length === 1) this.#byEvent.delete(sample.eventId);
    else others.splice(at, 1);
  }
}

const none: readonly HeldSample[] = [];
const noChanges: readonly AlarmChange[] = [];

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

/**
 * Evaluates one rule: its result depends on the events that it is given, in their order, and on the moments alone. It
 * computes the moments at which something changes by itself, so that it does not matter how often the time is advanced.
 * Live evaluation, rebuilding and testing a rule on the past all use it.
 */
export class RuleEvaluator {
  readonly ruleId: string;
  readonly rule: AlarmRule;
  readonly #options: EvaluatorOptions;
  readonly #entities = new Map<string, Entity>();
  readonly #timers = new Heap<Timer>(byMoment);
  readonly #unsaved = new Map<string, EntityState | null>();
  readonly #views = new Map<string, AlarmView>();
  #changes: AlarmChange[] = [];
  #hasTooManyEntities = false;
  #hasTooManySamples = false;

  constructor(options: EvaluatorOptions) {
    this.#options = options;
    this.ruleId = options.ruleId;
    this.rule = options.rule;
    if (options.rule.entity.length === 0) this.#entity(wholeEntity);
  }

  /** Why it does not evaluate all that it should, as a sentence; null where it does. */
  get problem(): string | null {
    const { maxEntities } = this.#options;
    if (this.#hasTooManyEntities) {
      return `The rule has more than ${maxEntities} entities: events of further ones do not count. Group by fewer labels, or raise TIDINGS_MAX_ALARM_ENTITIES.`;
    }
    return this.#hasTooManySamples
      ? 'The windows of all rules have too many events: further ones do not count. Filter more, or look over a shorter time.'
      : null;
  }

  /** When something changes by itself at the earliest; Infinity where nothing does. */
  get nextDueAt(): Instant {
    return this.#timers.first?.at ?? Number.POSITIVE_INFINITY;
  }

  get entityCount(): number {
    return this.#entities.size;
  }

  /** The alarms that have fired and not recovered. */
  *firing(): Iterable<EntityState> {
    for (const { state } of this.#entities.values()) if (state.alarm !== null) yield state;
  }

  /** Goes on with a state that was saved; before anything else. */
  restore(key: string, state: EntityState): void {
    const entity = this.#entity({ key, labels: state.labels });
    if (entity === null) return;
    entity.state = state;
    const { alarm, since } = state;
    const heldSince = alarm === null ? since : alarm.startedAt - this.rule.pendingForMicros;
    if (heldSince !== null) entity.window.resume?.(heldSince);
  }

  /** Takes an event into the windows without checking anything: it was there already. */
  insert(event: Event): void {
    this.#replace(event, true);
  }

  /** Checks every entity, after the windows were filled with what there was at this moment. */
  settle(at: Instant): readonly AlarmChange[] {
    this.#takeDue(at);
    for (const entity of [...this.#entities.values()]) this.#check(entity, at, null);
    return this.#takeChanges();
  }

  /**
   * A change of an event: it counts from this moment on.
   * @param matches whether the event matches the rule's filter now; one that did and does not any more is taken out
   */
  apply(event: Event, at: Instant, matches: boolean): readonly AlarmChange[] {
    const changes = this.advance(at);
    const touched = this.#replace(event, matches);
    // A late event may be overdue already, or out of the window.
    this.#takeDue(at);
    for (const entity of touched) this.#check(entity, at, event);
    return [...changes, ...this.#takeChanges()];
  }

  /** Lets the time pass, up to a moment that includes itself. */
  advance(to: Instant): readonly AlarmChange[] {
    for (let next = this.#timers.first; next !== undefined && next.at <= to; ) {
      this.#passMoment(next.at);
      next = this.#timers.first;
    }
    return this.#takeChanges();
  }

  /** Ends the alarms that are firing: the rule is gone, or has other entities now. */
  close(at: Instant): readonly AlarmChange[] {
    for (const entity of this.#entities.values()) {
      const { state, id } = entity;
      if (state.phase !== 'NORMAL') this.#unsaved.set(id.key, null);
      this.#note('RECOVERED', entity, { alarm: state.alarm, at, value: null, trigger: null });
    }
    this.release();
    return this.#takeChanges();
  }

  /** Takes its samples out of the book; it is not used any more. */
  release(): void {
    for (const { window } of this.#entities.values()) {
      for (const sample of window.samples()) this.#options.book.remove(sample);
    }
    this.#entities.clear();
  }

  /** The states of all entities that are not as normal. */
  states(): readonly SavedState[] {
    return [...this.#entities.values()]
      .filter(({ state }) => state.phase !== 'NORMAL')
      .map(({ id, state }) => ({ entity: id.key, state }));
  }

  /** States that have changed since this was called before. */
  takeUnsaved(): readonly SavedState[] {
    const unsaved = [...this.#unsaved].map(([entity, state]) => ({ entity, state }));
    this.#unsaved.clear();
    return unsaved;
  }

  /** The latest numbers and phases of firing alarms, by id, that have changed since this was called before. */
  takeViews(): ReadonlyMap<string, AlarmView> {
    const views = new Map(this.#views);
    this.#views.clear();
    return views;
  }

  #takeChanges(): readonly AlarmChange[] {
    if (this.#changes.length === 0) return noChanges;
    const changes = this.#changes;
    this.#changes = [];
    return changes;
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
    for (const { sample, entity } of [...book.of(event.id)]) {
      if (entity.evaluator !== this) continue;
      entity.window.remove(sample);
      book.remove(sample);
      touched.add(entity);
    }
    if (!matches) return touched;
    for (const id of entitiesOf(event, this.rule.entity)) {
      const entity = this.#entity(id);
      if (entity === null) continue;
      touched.add(entity);
      this.#add(entity, event);
    }
    return touched;
  }

  #add(entity: Entity, event: Event): void {
    const { book } = this.#options;
    const sample = entity.window.add(event);
    if (sample === null) return;
    if (book.isFull) {
      this.#hasTooManySamples = true;
      entity.window.remove(sample);
      return;
    }
    book.add({ sample, entity });
    this.#timers.add({ at: sample.dueAt, entity, sample });
  }

  /** Null where there are too many entities. */
  #entity(id: EntityId): Entity | null {
    const known = this.#entities.get(id.key);
    if (known !== undefined) return known;
    const { maxEntities, since } = this.#options;
    if (this.#entities.size >= maxEntities) {
      this.#hasTooManyEntities = true;
      return null;
    }
    const entity: Entity = {
      evaluator: this,
      id,
      window: openWindow(this.rule.condition, since),
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
      v5(`${this.ruleId} ${id.key} ${number} ${firedAt}`, idNamespace),
    );
    if (state !== before) {
      entity.state = state;
      this.#unsaved.set(id.key, state.phase === 'NORMAL' ? null : state);
    }
    const alarm = state.alarm ?? before.alarm;
    if (change !== null) this.#note(change, entity, { alarm, at, value, trigger });
    if (state.alarm !== null) {
      this.#views.set(state.alarm.id, { value, isObserving: state.phase === 'OBSERVING' });
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
    this.#changes.push({
      kind,
      alarmId: alarm.id,
      labels: id.labels,
      at,
      startedAt: alarm.startedAt,
      value: alarm.value,
      latestValue: value,
      notices: alarm.notices,
      evidence: kind === 'RECOVERED' ? [] : window.evidence(maxEvidence),
      trigger,
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
