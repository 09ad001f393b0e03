/**
 * Growing pauses between attempts: each twice the last, from the shortest to the longest, and shortened at random by up
 * to a third. The gateway has the same rule; the client cannot import it, as it runs in browsers without the gateway.
 */
export class Backoff {
  readonly #shortestMs: number;
  readonly #longestMs: number;
  #pauseMs: number;

  constructor(shortestMs: number, longestMs: number) {
    this.#shortestMs = shortestMs;
    this.#longestMs = longestMs;
    this.#pauseMs = shortestMs;
  }

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(this.#longestMs, pauseMs * 2);
    // Clients that lost one gateway at the same time should not reconnect at the same time.
    return pauseMs * (1 - Math.random() / 3);
  }

  /** The last attempt succeeded. */
  reset(): void {
    this.#pauseMs = this.#shortestMs;
  }

  /** Resolves after the pause, or once the signal is aborted. */
  pause(pauseMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const over = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', over);
        resolve();
      };
      const timer = setTimeout(over, pauseMs);
      signal.addEventListener('abort', over);
    });
  }
}
