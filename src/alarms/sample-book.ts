import type { RuleEvaluator } from './rule-evaluator.ts';

/** An event that an evaluator has in a window. */
export interface HeldSample {
  readonly evaluator: RuleEvaluator;
  readonly sample: { readonly eventId: string };
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
    return this.of(eventId).map(({ evaluator }) => evaluator);
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

  remove(sample: HeldSample['sample']): void {
    const others = this.#byEvent.get(sample.eventId);
    const at = others?.findIndex((held) => held.sample === sample) ?? -1;
    if (others === undefined || at === -1) return;
    this.#size -= 1;
    if (others.length === 1) this.#byEvent.delete(sample.eventId);
    else others.splice(at, 1);
  }
}

const none: readonly HeldSample[] = [];
