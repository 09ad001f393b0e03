import { v5 } from 'uuid';
import type { Instant } from '../event/event.ts';
import type { EntityLabel } from './entity.ts';

/** Makes ids of what is known, so that an alarm that is reported again is the same one. */
const idNamespace = '5c0f9d3e-6f0d-4c57-9c54-3d2f9b1f7a60';

/** The id of an alarm: of its rule, its entity, its number from 1, and the moment at which it fires. */
export const alarmIdOf = (ruleId: string, entity: string, number: number, at: Instant): string =>
  v5(`${ruleId} ${entity} ${number} ${at}`, idNamespace);

/** An alarm that has fired and not recovered. */
export interface FiringAlarm {
  /** The id of its event. */
  readonly id: string;
  readonly startedAt: Instant;
  /** The number that made it fire. */
  readonly value: number | null;
  /** Notices since it fired, and when the latest was. */
  readonly notices: number;
  readonly notifiedAt: Instant;
}

/** Where an entity of a rule is. It is JSON. */
export interface EntityState {
  readonly labels: readonly EntityLabel[];
  readonly phase: 'NORMAL' | 'PENDING' | 'FIRING' | 'OBSERVING';
  /** Since when it is PENDING or OBSERVING. */
  readonly since: Instant | null;
  /** How many alarms of the entity have fired. */
  readonly fired: number;
  readonly alarm: FiringAlarm | null;
}

export interface Periods {
  readonly pendingForMicros: number;
  readonly silenceForMicros: number | null;
  readonly recoverAfterMicros: number;
}

export type ChangeKind = 'FIRED' | 'REMINDED' | 'RECOVERED';

export interface Checked {
  readonly state: EntityState;
  /** What is to be notified, if anything. */
  readonly change: ChangeKind | null;
}

export interface Check {
  /** Whether the rule's condition holds, and the number that it compares. */
  readonly holds: boolean;
  readonly value: number | null;
  readonly at: Instant;
}

export const normalState = (labels: readonly EntityLabel[]): EntityState => ({
  labels,
  phase: 'NORMAL',
  since: null,
  fired: 0,
  alarm: null,
});

/** @param idOf makes the id of an alarm of its number, from 1, and of the moment at which it fires */
export function check(
  state: EntityState,
  now: Check,
  periods: Periods,
  idOf: (number: number, at: Instant) => string,
): Checked {
  return now.holds ? holding(state, now, periods, idOf) : notHolding(state, now, periods);
}

function holding(
  state: EntityState,
  { value, at }: Check,
  periods: Periods,
  idOf: (number: number, at: Instant) => string,
): Checked {
  if (state.phase === 'FIRING') return reminded(state, at, periods);
  if (state.phase === 'OBSERVING') return quietly(state, { phase: 'FIRING', since: null });
  const since = state.since ?? at;
  if (at < since + periods.pendingForMicros) {
    return state.phase === 'PENDING'
      ? unchanged(state)
      : quietly(state, { phase: 'PENDING', since });
  }
  const fired = state.fired + 1;
  const alarm = { id: idOf(fired, at), startedAt: at, value, notices: 1, notifiedAt: at };
  return { state: { ...state, phase: 'FIRING', since: null, fired, alarm }, change: 'FIRED' };
}

function notHolding(state: EntityState, { at }: Check, { recoverAfterMicros }: Periods): Checked {
  if (state.phase === 'NORMAL') return unchanged(state);
  if (state.phase === 'PENDING') return quietly(state, { phase: 'NORMAL', since: null });
  const since = state.since ?? at;
  if (at < since + recoverAfterMicros) {
    return state.phase === 'OBSERVING'
      ? unchanged(state)
      : quietly(state, { phase: 'OBSERVING', since });
  }
  return {
    state: { ...state, phase: 'NORMAL', since: null, alarm: null },
    change: 'RECOVERED',
  };
}

const unchanged = (state: EntityState): Checked => ({ state, change: null });

const quietly = (state: EntityState, changed: Partial<EntityState>): Checked => ({
  state: { ...state, ...changed },
  change: null,
});

function reminded(state: EntityState, at: Instant, { silenceForMicros }: Periods): Checked {
  const { alarm } = state;
  if (alarm === null || silenceForMicros === null || at < alarm.notifiedAt + silenceForMicros) {
    return { state, change: null };
  }
  const next = { ...alarm, notices: alarm.notices + 1, notifiedAt: at };
  return { state: { ...state, alarm: next }, change: 'REMINDED' };
}

/** When a check changes the state by itself, if nothing else changes it before; null where none does. */
export function nextCheckAt(
  { phase, since, alarm }: EntityState,
  periods: Periods,
): Instant | null {
  if (phase === 'PENDING' && since !== null) return since + periods.pendingForMicros;
  if (phase === 'OBSERVING' && since !== null) return since + periods.recoverAfterMicros;
  if (phase !== 'FIRING' || alarm === null || periods.silenceForMicros === null) return null;
  return alarm.notifiedAt + periods.silenceForMicros;
}
