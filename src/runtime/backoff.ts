import { setTimeout } from 'node:timers/promises';

/** Pauses between attempts: each twice the one before, up to the longest, each cut at random by up to a third. */
export class Backoff {
  readonly #shortest: number;
  readonly #longest: number;
  #next: number;

  constructor(shortestMilliseconds: number, longestMilliseconds: number) {
    this.#shortest = shortestMilliseconds;
    this.#longest = longestMilliseconds;
    this.#next = shortestMilliseconds;
  }

  /** After a success the pauses are short again. */
  reset(): void {
    this.#next = this.#shortest;
  }

  /** How long the next pause is, in milliseconds: at random, so that many gateways do not try in step. */
  next(): number {
    const pause = this.#next * (1 - Math.random() / 3);
    this.#next = Math.min(this.#next * 2, this.#longest);
    return Math.round(pause);
  }
}

/** Resolves after the pause, or as soon as the signal is aborted. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal }).catch(() => {});
}
