interface Waiting {
  readonly index: number;
  readonly settle: (stored: boolean) => void;
}

/** The highest index that this process knows to be stored, and those who wait for a higher one. */
export class StoredIndex {
  readonly #waiting = new Set<Waiting>();
  #current: number;

  constructor(current = 0) {
    this.#current = current;
  }

  get current(): number {
    return this.#current;
  }

  /** Everything up to the index is stored. It never goes back. */
  advance(index: number): void {
    if (index <= this.#current) return;
    this.#current = index;
    for (const waiting of this.#waiting) {
      if (waiting.index <= index) waiting.settle(true);
    }
  }

  /** Resolves true once everything up to the index is stored, false when that takes longer. */
  until(index: number, timeoutMs: number): Promise<boolean> {
    if (index <= this.#current) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => waiting.settle(false), timeoutMs);
      const waiting: Waiting = {
        index,
        settle: (stored) => {
          clearTimeout(timer);
          this.#waiting.delete(waiting);
          resolve(stored);
        },
      };
      this.#waiting.add(waiting);
    });
  }

  /** Answers everyone who still waits: no more will be stored. */
  [Symbol.dispose](): void {
    for (const waiting of this.#waiting) waiting.settle(false);
  }
}
