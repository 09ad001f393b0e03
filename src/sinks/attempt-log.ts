import type { DeliveryAttempt } from './sender.ts';

/** Kept of one sink. */
const maxAttempts = 1_000;

/** The latest attempts of the sinks that this gateway runs, in memory. */
export class AttemptLog {
  readonly #attempts = new Map<string, DeliveryAttempt[]>();

  add(sinkId: string, attempt: DeliveryAttempt): void {
    const attempts = this.#attempts.get(sinkId) ?? [];
    this.#attempts.set(sinkId, attempts);
    attempts.push(attempt);
    // Not one by one: that would move all of them each time.
    if (attempts.length >= 2 * maxAttempts) attempts.splice(0, attempts.length - maxAttempts);
  }

  /** The newest first. */
  latest(sinkId: string, count: number): readonly DeliveryAttempt[] {
    const attempts = this.#attempts.get(sinkId) ?? [];
    return attempts.slice(-Math.min(count, maxAttempts)).reverse();
  }

  forget(sinkId: string): void {
    this.#attempts.delete(sinkId);
  }
}
