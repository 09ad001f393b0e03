import { entitiesOf } from '../../src/alarms/entity.ts';
import { measured } from '../../src/alarms/measured.ts';
import type { AlarmRule } from '../../src/alarms/rule.ts';
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
  alarm: {
    entity: string;
    startedAt: number;
    recoveredAt: number | null;
    value: number | null;
  } | null;
}

/**
 * The alarms of a rule over a whole history, by looking at everything again at each moment from `from` to `to`: slow, and
 * too plain to be wrong. All moments of the history and of the rule are multiples of `step`.
 */
export function plainAlarms(
  rule: AlarmRule,
  matches: (event: Event) => boolean,
  history: readonly Change[],
  { from, to, step }: { readonly from: number; readonly to: number; readonly step: number },
): readonly PlainAlarm[] {
  const latest = new Map<string, Event>();
  const lastSeen = new Map<string, number>();
  const machines = new Map<string, Machine>();
  const alarms: NonNullable<Machine['alarm']>[] = [];
  if (rule.entity.length === 0) lastSeen.set('[]', from);

  const keysOf = (event: Event) => entitiesOf(event, rule.entity).map(({ key }) => key);
  const verdict = (entity: string, at: number): { holds: boolean; value: number | null } => {
    const { condition } = rule;
    const own = [...latest.values()].filter(
      (event) => matches(event) && keysOf(event).includes(entity),
    );
    if (condition.kind === 'ABSENT') {
      const seen = lastSeen.get(entity);
      if (seen === undefined) return { holds: false, value: null };
      return { holds: seen + condition.forMicros <= at, value: (at - seen) / 1e6 };
    }
    if (condition.kind === 'NOT_ENDED') {
      const overdue = own.filter(
        ({ time, endTime }) => endTime === null && time + condition.withinMicros <= at,
      );
      const began = Math.min(...overdue.map(({ time }) => time));
      return { holds: overdue.length > 0, value: overdue.length > 0 ? (at - began) / 1e6 : null };
    }
    const { measure, figure, op, value: threshold, overMicros } = condition;
    const inWindow = own.filter(({ time, endTime }) => (endTime ?? time) + overMicros > at);
    const numbers = inWindow
      .map((event) => (measure === null ? 1 : measured(event, measure)))
      .filter((number) => number !== null);
    const sum = numbers.reduce((total, number) => total + number, 0);
    const value = {
      COUNT: numbers.length,
      SUM: numbers.length === 0 ? null : sum,
      AVERAGE: numbers.length === 0 ? null : sum / numbers.length,
      MIN: numbers.length === 0 ? null : Math.min(...numbers),
      MAX: numbers.length === 0 ? null : Math.max(...numbers),
    }[figure];
    if (value === null) return { holds: false, value };
    const holds = {
      EQ: value === threshold,
      NE: value !== threshold,
      LT: value < threshold,
      LTE: value <= threshold,
      GT: value > threshold,
      GTE: value >= threshold,
    }[op];
    return { holds, value };
  };

  const look = (entity: string, at: number): void => {
    const machine = machines.get(entity) ?? { phase: 'NORMAL', since: 0, alarm: null };
    machines.set(entity, machine);
    const { holds, value } = verdict(entity, at);
    const fire = () => {
      machine.phase = 'FIRING';
      machine.alarm = { entity, startedAt: at, recoveredAt: null, value };
      alarms.push(machine.alarm);
    };
    const recover = () => {
      machine.phase = 'NORMAL';
      if (machine.alarm !== null) machine.alarm.recoveredAt = at;
      machine.alarm = null;
    };
    if (machine.phase === 'NORMAL' && holds) {
      if (rule.pendingForMicros === 0) fire();
      else Object.assign(machine, { phase: 'PENDING', since: at });
    } else if (machine.phase === 'PENDING') {
      if (!holds) machine.phase = 'NORMAL';
      else if (at - machine.since >= rule.pendingForMicros) fire();
    } else if (machine.phase === 'FIRING' && !holds) {
      if (rule.recoverAfterMicros === 0) recover();
      else Object.assign(machine, { phase: 'OBSERVING', since: at });
    } else if (machine.phase === 'OBSERVING') {
      if (holds) machine.phase = 'FIRING';
      else if (at - machine.since >= rule.recoverAfterMicros) recover();
    }
  };

  const known = new Set(lastSeen.keys());
  const seenOnce = new Set<string>();
  let next = 0;
  for (let at = from; at <= to; at += step) {
    for (const entity of known) look(entity, at);
    for (; (history[next]?.at ?? Number.POSITIVE_INFINITY) <= at; next++) {
      const { event } = history[next] as Change;
      const before = latest.get(event.id);
      latest.set(event.id, event);
      const touched = new Set(before !== undefined && matches(before) ? keysOf(before) : []);
      if (matches(event)) {
        for (const key of keysOf(event)) {
          touched.add(key);
          const position = event.endTime ?? event.time;
          const isFirst = !known.has(key) || !seenOnce.has(key);
          if (isFirst || position >= (lastSeen.get(key) ?? position)) lastSeen.set(key, position);
          seenOnce.add(key);
        }
      }
      for (const entity of touched) {
        known.add(entity);
        look(entity, at);
      }
    }
  }
  return alarms;
}
