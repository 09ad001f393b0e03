import { setTimeout } from 'node:timers/promises';

/** Growing pauses between attempts: each twice the last, up to the longest, and shortened at random by up to a third. */
export class Backoff {
  readonly #shortestMs: number;
  readonly #longestMs: number;
  #nextMs: number;

  constructor(shortestMs: number, longestMs: number) {
    this.#shortestMs = shortestMs;
    this.#longestMs = longestMs;
    this.#nextMs = shortestMs;
  }

  /** After a success the pauses are short again. */
  reset(): void {
    this.#nextMs = this.#shortestMs;
  }

  /** The next pause in milliseconds: random, so that many gateways do not try in step. */
  next(): number {
    const pauseMs = this.#nextMs * (1 - Math.random() / 3);
    this.#nextMs = Math.min(this.#nextMs * 2, this.#longestMs);
    return Math.round(pauseMs);
  }
}

/** Resolves after the pause, or as soon as the signal is aborted. */
export async function pause(pauseMs: number, signal: AbortSignal): Promise<void> {
  await setTimeout(pauseMs, undefined, { signal }).catch(() => {});
}
