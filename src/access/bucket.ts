/** Longer pauses fill it no further. */
const burstSeconds = 1;

/**
 * A token bucket. What asks for more than it holds when it is full is let in once it is full, and the others wait until
 * the rest has been made up for: over time the rate holds for calls of any size.
 */
export class Bucket {
  /** Null until something is taken: then it is full. */
  #level: number | null = null;
  #filledAtMs = 0;

  /** Seconds until this much may be taken; 0 where it may be taken now. */
  waitSeconds(amount: number, perSecond: number, nowMs = performance.now()): number {
    const missing = Math.min(amount, burstOf(perSecond)) - this.#fill(perSecond, nowMs);
    // Adding up fractions leaves a remainder.
    return missing <= 1e-9 ? 0 : missing / perSecond;
  }

  take(amount: number, perSecond: number, nowMs = performance.now()): void {
    this.#level = this.#fill(perSecond, nowMs) - amount;
  }

  #fill(perSecond: number, nowMs: number): number {
    const burst = burstOf(perSecond);
    const gained = ((nowMs - this.#filledAtMs) / 1_000) * perSecond;
    this.#level = this.#level === null ? burst : Math.min(burst, this.#level + gained);
    this.#filledAtMs = nowMs;
    return this.#level;
  }
}

const burstOf = (perSecond: number): number => Math.max(1, perSecond * burstSeconds);
