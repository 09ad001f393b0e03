import type { Event, Instant } from '../event/event.ts';
import { ExactSum } from './exact-sum.ts';
import { Heap } from './heap.ts';
import { measured } from './measured.ts';
import type {
  AbsentCondition,
  ComparisonOperator,
  NotEndedCondition,
  SlidingCondition,
  ThresholdCondition,
} from './rule.ts';

/** An event within the window of one entity. */
export interface Sample {
  readonly eventId: string;
  /** The measured number; null where nothing is measured, or the event does not carry it. */
  readonly value: number | null;
  /** The moment that it is about: its end, or its time where it has not ended. */
  readonly position: Instant;
  readonly index: number;
  /** When it leaves the window, or is overdue. */
  readonly dueAt: Instant;
  /** It has left the window, or a later change of the event has replaced it. */
  isGone: boolean;
}

/** Whether a condition holds, and the number that it compares. */
interface Verdict {
  readonly holds: boolean;
  readonly value: number | null;
}

/** The events of one entity, as far as a condition has to know them. */
export interface EntityWindow {
  /** Takes an event in; null where no sample of it has to be kept. */
  add(event: Event): Sample | null;
  remove(sample: Sample): void;
  /** The sample's moment has come. @returns whether it leaves the window */
  due(sample: Sample): boolean;
  verdict(at: Instant): Verdict;
  /** When the verdict changes by itself, apart from samples that become due; null where it does not. */
  readonly changesAt: Instant | null;
  /** Nothing would be lost with it. */
  readonly isEmpty: boolean;
  /** Ids of the events that led to the verdict, the latest first. */
  evidence(count: number): readonly string[];
  samples(): Iterable<Sample>;
  /** The condition has held since this moment: for what cannot be seen in the events that are still there. */
  resume?(since: Instant): void;
}

const microsPerSecond = 1_000_000;

const compare: Readonly<Record<ComparisonOperator, (a: number, b: number) => boolean>> = {
  EQ: (a, b) => a === b,
  NE: (a, b) => a !== b,
  LT: (a, b) => a < b,
  LTE: (a, b) => a <= b,
  GT: (a, b) => a > b,
  GTE: (a, b) => a >= b,
};

const latestFirst = (a: Sample, b: Sample): number => b.position - a.position || b.index - a.index;

const latestOf = (samples: Iterable<Sample>, count: number): readonly string[] =>
  [...samples]
    .sort(latestFirst)
    .slice(0, count)
    .map(({ eventId }) => eventId);

const sampleOf = (event: Event, value: number | null, dueAt: Instant): Sample => ({
  eventId: event.id,
  value,
  position: event.endTime ?? event.time,
  index: event.index,
  dueAt,
  isGone: false,
});

/** @param since when the rule was made: nothing was missing yet, and what had not ended before its time was up is not watched */
export function openWindow(condition: SlidingCondition, since: Instant): EntityWindow {
  switch (condition.kind) {
    case 'THRESHOLD':
      return new ThresholdWindow(condition);
    case 'NOT_ENDED':
      return new NotEndedWindow(condition, since);
    case 'ABSENT':
      return new AbsentWindow(condition, since);
  }
}

/** The number that a condition compares with. */
export function thresholdOf(condition: SlidingCondition): number {
  switch (condition.kind) {
    case 'THRESHOLD':
      return condition.value;
    case 'NOT_ENDED':
      return condition.withinMicros / microsPerSecond;
    case 'ABSENT':
      return condition.forMicros / microsPerSecond;
  }
}

/** The events of a sliding window and a statistic of them, which is exact after any order of changes. */
class ThresholdWindow implements EntityWindow {
  readonly changesAt = null;
  readonly #condition: ThresholdCondition;
  readonly #samples = new Set<Sample>();
  readonly #sum = new ExactSum();
  readonly #extremes: Heap<Sample> | null;
  #measured = 0;

  constructor(condition: ThresholdCondition) {
    this.#condition = condition;
    this.#extremes = extremesOf(condition);
  }

  get isEmpty(): boolean {
    return this.#samples.size === 0;
  }

  add(event: Event): Sample {
    const { measure, overMicros } = this.#condition;
    const value = measure === null ? null : measured(event, measure);
    const sample = sampleOf(event, value, (event.endTime ?? event.time) + overMicros);
    this.#samples.add(sample);
    if (value !== null) {
      this.#measured += 1;
      this.#extremes?.add(sample);
      this.#sum.add(value);
    }
    return sample;
  }

  remove(sample: Sample): void {
    sample.isGone = true;
    this.#samples.delete(sample);
    if (sample.value === null) return;
    this.#measured -= 1;
    this.#sum.add(-sample.value);
  }

  due(sample: Sample): boolean {
    this.remove(sample);
    return true;
  }

  verdict(): Verdict {
    const { op, value: threshold } = this.#condition;
    const value = this.#value;
    return { holds: value !== null && compare[op](value, threshold), value };
  }

  evidence(count: number): readonly string[] {
    return latestOf(this.#samples, count);
  }

  samples(): Iterable<Sample> {
    return this.#samples;
  }

  /** Null where nothing is measured: that has no sum, average or extreme. */
  get #value(): number | null {
    const { figure, measure } = this.#condition;
    if (figure === 'COUNT') return measure === null ? this.#samples.size : this.#measured;
    if (this.#measured === 0) return null;
    if (figure === 'MIN' || figure === 'MAX') return this.#extreme;
    return figure === 'SUM' ? this.#total : this.#total / this.#measured;
  }

  get #total(): number {
    const { value } = this.#sum;
    if (Number.isFinite(value)) return value;
    return [...this.#samples].reduce((sum, sample) => sum + (sample.value ?? 0), 0);
  }

  get #extreme(): number | null {
    const extremes = this.#extremes;
    while (extremes?.first?.isGone === true) extremes.take();
    return extremes?.first?.value ?? null;
  }
}

function extremesOf({ figure }: ThresholdCondition): Heap<Sample> | null {
  if (figure !== 'MIN' && figure !== 'MAX') return null;
  const sign = figure === 'MIN' ? 1 : -1;
  return new Heap((a, b) => sign * ((a.value ?? 0) - (b.value ?? 0)));
}

/** Events that have begun and not ended; its number is the age in seconds of the oldest that is overdue. */
class NotEndedWindow implements EntityWindow {
  readonly changesAt = null;
  readonly #condition: NotEndedCondition;
  readonly #earliest: Instant;
  readonly #open = new Set<Sample>();
  readonly #overdue = new Set<Sample>();

  constructor(condition: NotEndedCondition, since: Instant) {
    this.#condition = condition;
    this.#earliest = since - condition.withinMicros;
  }

  get isEmpty(): boolean {
    return this.#open.size === 0;
  }

  add(event: Event): Sample | null {
    if (event.endTime !== null || event.time < this.#earliest) return null;
    const sample = sampleOf(event, null, event.time + this.#condition.withinMicros);
    this.#open.add(sample);
    return sample;
  }

  remove(sample: Sample): void {
    sample.isGone = true;
    this.#open.delete(sample);
    this.#overdue.delete(sample);
  }

  due(sample: Sample): boolean {
    this.#overdue.add(sample);
    return false;
  }

  verdict(at: Instant): Verdict {
    let began: Instant | null = null;
    for (const { position } of this.#overdue) began = Math.min(began ?? position, position);
    return { holds: began !== null, value: began === null ? null : (at - began) / microsPerSecond };
  }

  evidence(count: number): readonly string[] {
    return latestOf(this.#overdue, count);
  }

  samples(): Iterable<Sample> {
    return this.#open;
  }
}

/** When an event was last seen; its number is the seconds since then. */
class AbsentWindow implements EntityWindow {
  readonly isEmpty = false;
  readonly #condition: AbsentCondition;
  #seenAt: Instant;
  #eventId: string | null = null;

  constructor(condition: AbsentCondition, since: Instant) {
    this.#condition = condition;
    this.#seenAt = since;
  }

  get changesAt(): Instant {
    return this.#seenAt + this.#condition.forMicros;
  }

  add(event: Event): null {
    const position = event.endTime ?? event.time;
    if (this.#eventId === null || position >= this.#seenAt) {
      this.#seenAt = position;
      this.#eventId = event.id;
    }
    return null;
  }

  resume(since: Instant): void {
    this.#seenAt = since - this.#condition.forMicros;
  }

  remove(): void {}

  due(): boolean {
    return false;
  }

  verdict(at: Instant): Verdict {
    const holds = at >= this.changesAt;
    return { holds, value: (at - this.#seenAt) / microsPerSecond };
  }

  evidence(): readonly string[] {
    return this.#eventId === null ? [] : [this.#eventId];
  }

  samples(): Iterable<Sample> {
    return [];
  }
}
