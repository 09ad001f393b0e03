import type { Event, Instant, Json } from '../event/event.ts';
import type { EntityLabel } from './entity.ts';
import type { ChangeKind, EntityState } from './machine.ts';
import type { AlarmRule } from './rule.ts';

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
  /** The number that they are compared with. */
  readonly threshold: number | null;
  readonly notices: number;
  /** Ids of events, the latest first; of an alarm that has just fired. */
  readonly evidence: readonly string[];
  /** The event that led to it; null where only time has passed. */
  readonly trigger: Event | null;
  /** Further members of the value of the alarm's event; null without any. */
  readonly details: Readonly<Record<string, Json>> | null;
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

/**
 * Evaluates one rule: its result depends on the events that it is given, in their order, and on the moments alone. It
 * computes the moments at which something changes by itself, so that it does not matter how often the time is advanced.
 * Live evaluation, rebuilding and testing a rule on the past all use it.
 */
export interface RuleEvaluator {
  readonly ruleId: string;
  readonly rule: AlarmRule;
  /** Why it does not evaluate all that it should, as a sentence; null where it does. */
  readonly problem: string | null;
  /** When something changes by itself at the earliest; Infinity where nothing does. */
  readonly nextDueAt: Instant;
  readonly entityCount: number;
  /** Goes on with a state that was saved; before anything else. */
  restore(entity: string, state: EntityState): void;
  /** Takes an event into the windows without checking anything: it was there already. */
  insert(event: Event): void;
  /** Begins to evaluate, after the windows were filled with what there was at this moment. */
  settle(at: Instant): readonly AlarmChange[];
  /**
   * A change of an event: it counts from this moment on.
   * @param matches whether the event matches the rule's filter now; one that did and does not any more is taken out
   */
  apply(event: Event, at: Instant, matches: boolean): readonly AlarmChange[];
  /** Lets the time pass, up to a moment that includes itself. */
  advance(to: Instant): readonly AlarmChange[];
  /** Ends the alarms that are firing: the rule is gone, or has other entities now. */
  close(at: Instant): readonly AlarmChange[];
  /** Takes its samples out of the book; it is not used any more. */
  release(): void;
  /** The states of all entities that are not as normal. */
  states(): readonly SavedState[];
  /** States that have changed since this was called before. */
  takeUnsaved(): readonly SavedState[];
  /** The latest numbers and phases of firing alarms, by id, that have changed since this was called before. */
  takeViews(): ReadonlyMap<string, AlarmView>;
}

/** Events of an alarm that are kept as its evidence. */
export const maxEvidence = 20;
