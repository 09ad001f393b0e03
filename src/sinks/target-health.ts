const shortestPauseMs = 1_000;
const longestPauseMs = 300_000;
const jitter = 0.2;
/** One failure may be chance: from this many in a row on, the sink is shown as failing. */
const failuresUntilFailing = 2;

/**
 * Whether a target can be sent to: while it fails, one message at a time is sent as a probe, after pauses that grow
 * from 1 s to 5 min, or as long as the target itself asks for. Times are milliseconds since 1970.
 */
export class TargetHealth {
  #failingSinceMs: number | null;
  #failures: number;
  #nextProbeAtMs = 0;
  #lastSuccessAtMs = Number.NEGATIVE_INFINITY;

  /** @param failingSinceMs since when it has failed for whoever delivered before; null where it has not */
  constructor(failingSinceMs: number | null) {
    this.#failingSinceMs = failingSinceMs;
    this.#failures = failingSinceMs === null ? 0 : failuresUntilFailing;
  }

  /** Since when it fails; null where it does not. */
  get failingSinceMs(): number | null {
    return this.#failingSinceMs;
  }

  /** Whether it has failed more often in a row than by chance. */
  get isFailing(): boolean {
    return this.#failures >= failuresUntilFailing;
  }

  get lastSuccessAtMs(): number {
    return this.#lastSuccessAtMs;
  }

  /** Milliseconds until the next probe may go; 0 while the target is well. */
  pauseMs(nowMs: number): number {
    return this.#failingSinceMs === null ? 0 : Math.max(0, this.#nextProbeAtMs - nowMs);
  }

  /** @returns whether it was failing until now */
  succeeded(nowMs: number): boolean {
    const wasFailing = this.isFailing;
    this.#lastSuccessAtMs = nowMs;
    this.#failingSinceMs = null;
    this.#failures = 0;
    return wasFailing;
  }

  failed(nowMs: number, retryAfterMs: number | null): void {
    this.#failingSinceMs ??= nowMs;
    this.#failures += 1;
    const pauseMs = Math.min(shortestPauseMs * 2 ** (this.#failures - 1), longestPauseMs);
    const spread = 1 - jitter + 2 * jitter * Math.random();
    this.#nextProbeAtMs = nowMs + (retryAfterMs ?? pauseMs * spread);
  }
}
