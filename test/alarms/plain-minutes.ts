import type { EventMinute } from '../../src/alarms/minute-evaluator.ts';
import type { MinutePhase } from '../../src/alarms/minute-state.ts';
import type { Event } from '../../src/event/event.ts';

export const second = 1_000_000;
export const minute = 60 * second;

export interface Expression {
  readonly expression: string;
  readonly period: number;
  readonly silencePeriod: number;
  readonly recoveryObservationPeriod: number;
}

export interface PlainChange {
  readonly kind: 'FIRED' | 'REMINDED' | 'RECOVERED';
  readonly entity: string | null;
  readonly at: number;
}

export const sorted = (changes: readonly PlainChange[]): readonly PlainChange[] =>
  changes.toSorted((a, b) => a.at - b.at || (String(a.entity) < String(b.entity) ? -1 : 1));

/** The phase of an entity, and its two countdowns in minutes. */
interface State {
  readonly phase: MinutePhase;
  readonly silence: number;
  readonly recovery: number;
}

/** How often each minute is among the events. */
function countsOf(minutes: readonly number[]): readonly number[] {
  return [...new Set(minutes)].map((one) => minutes.filter((other) => other === one).length);
}

/** Counts everything again in each check, of events of errors by their keys: too plain to be wrong. */
export class PlainMinutes {
  readonly changes: PlainChange[] = [];
  readonly #expression: Expression;
  readonly #eventMinute: EventMinute;
  readonly #latest = new Map<string, Event>();
  readonly #states = new Map<string | null, State>();
  readonly #lasting = new Set<string | null>();

  constructor(expression: Expression, eventMinute: EventMinute) {
    this.#expression = expression;
    this.#eventMinute = eventMinute;
  }

  change(event: Event): void {
    this.#latest.set(event.id, event);
  }

  /** The checks after a moment, up to another: one at the fifteenth second of each minute. */
  advance(from: number, to: number): void {
    for (let at = 0; at <= to; at += minute) {
      const check = at + 15 * second;
      if (check > from && check <= to) this.#check(check);
    }
  }

  #check(at: number): void {
    const last = Math.floor(at / minute);
    const counted = [...this.#latest.values()].filter((event) => {
      const its = this.#minuteOf(event);
      const isInWindow = its >= last - this.#expression.period && its < last;
      return event.severity === 'ERROR' && isInWindow && event.action !== 'C';
    });
    const entities = new Set([...this.#states.keys(), ...counted.map(({ key }) => key)]);
    for (const entity of entities) {
      const own = counted.filter(({ key }) => key === entity);
      const before = this.#states.get(entity) ?? { phase: 'NORMAL', silence: -1, recovery: 0 };
      const isOver = before.phase === 'NORMAL' || before.phase === 'RECOVERED';
      if (own.length === 0 && isOver) this.#states.delete(entity);
      else this.#step(entity, before, { matches: this.#holds(own), at });
    }
  }

  #minuteOf({ recordedAt, time }: Event): number {
    return Math.floor((this.#eventMinute === 'arrival' ? recordedAt : time) / minute);
  }

  #step(
    entity: string | null,
    before: State,
    { matches, at }: { readonly matches: boolean; readonly at: number },
  ): void {
    const silence = before.silence - 1;
    const recovery = before.recovery - Number(!matches);
    const phase = nextPhase({ phase: before.phase, silence, recovery }, matches);
    this.#states.set(entity, this.#entered(before, { phase, silence, recovery }));
    if (phase === 'FIRING') {
      this.changes.push({ kind: this.#lasting.has(entity) ? 'REMINDED' : 'FIRED', entity, at });
      this.#lasting.add(entity);
    }
    if (phase === 'RECOVERED') {
      this.changes.push({ kind: 'RECOVERED', entity, at });
      this.#lasting.delete(entity);
    }
  }

  #entered({ phase: before }: State, state: State): State {
    const { silencePeriod: silence, recoveryObservationPeriod: recovery } = this.#expression;
    if (state.phase === before) return state;
    if (state.phase === 'FIRING') return { ...state, silence, recovery };
    return state.phase === 'OBSERVING_RECOVERY' ? { ...state, recovery: recovery - 1 } : state;
  }

  #holds(own: readonly Event[]): boolean {
    const of = (action: string) => own.filter((event) => event.action === action);
    if (this.#expression.expression === 'sum(A) > 2') return of('A').length > 2;
    if (this.#expression.expression === 'sum(A) > sum(B)') return of('A').length > of('B').length;
    const counts = countsOf(of('A').map((event) => this.#minuteOf(event)));
    return counts.filter((count) => count > 1).length >= 2;
  }
}

function nextPhase({ phase, silence, recovery }: State, matches: boolean): MinutePhase {
  if (matches) return phase === 'NORMAL' || silence < 0 ? 'FIRING' : 'SILENCED_FIRING';
  if (phase === 'NORMAL' || phase === 'RECOVERED') return 'NORMAL';
  return silence < 0 && recovery < 0 ? 'RECOVERED' : 'OBSERVING_RECOVERY';
}
