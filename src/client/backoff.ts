/**
 * Growing pauses between attempts: each twice the last, from the shortest to the longest, and shortened at random by
 * up to a third. The same rule as the gateway's, which the client cannot import: it is a package of its own and runs in browsers.
 */
export class Backoff {
  readonly #shortest: number;
  readonly #longest: number;
  #pause: number;

  constructor(shortest: number, longest: number) {
    this.#shortest = shortest;
    this.#longest = longest;
    this.#pause = shortest;
  }

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const pause = this.#pause;
    this.#pause = Math.min(this.#longest, pause * 2);
    // Clients that lost one gateway together should not come back together.
    return pause * (1 - Math.random() / 3);
  }

  /** The last attempt succeeded. */
  reset(): void {
    this.#pause = this.#shortest;
  }

  /** Resolves after the pause, at once when the signal says so. */
  pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const over = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', over);
        resolve();
      };
      const timer = setTimeout(over, milliseconds);
      signal.addEventListener('abort', over);
    });
  }
}
