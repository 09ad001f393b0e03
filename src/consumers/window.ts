interface HandedOver {
  readonly events: number;
  readonly upTo: number;
  settled: boolean;
}

/**
 * Events that may be handed over again: all that were handed over and whose cursor is not saved yet. The cursor follows the
 * oldest entry that is not settled.
 */
export class RepeatWindow {
  readonly maxEvents: number;
  readonly #settled: (cursor: number) => void;
  readonly #unsettled: HandedOver[] = [];
  readonly #unsaved: HandedOver[] = [];
  readonly #waiting = new Set<() => void>();
  /** Of all entries, and of those that are settled and not saved. */
  #events = 0;
  #unsavedEvents = 0;
  #closed = false;
  #fail: (error: unknown) => void = () => {};
  /** Rejects with what the first hand-over that failed did. */
  readonly failed: Promise<never>;

  /** @param settled is called with each index up to which everything is settled, in order */
  constructor(maxEvents: number, settled: (cursor: number) => void) {
    this.maxEvents = maxEvents;
    this.#settled = settled;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {});
  }

  /** Whether it is time to save the cursor, so that there is room again before the window is full. */
  get isHalfUnsaved(): boolean {
    return this.#unsavedEvents * 2 >= this.maxEvents;
  }

  /** Whether something was settled whose cursor is not saved: it would be handed over again. */
  get hasUnsaved(): boolean {
    return this.#unsavedEvents > 0;
  }

  add(events: number, upTo: number, handled: Promise<void>): void {
    const entry: HandedOver = { events, upTo, settled: false };
    this.#unsettled.push(entry);
    this.#events += events;
    handled.then(
      () => {
        entry.settled = true;
        this.#advance();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  /** The cursor is saved: nothing up to it will be handed over again. */
  saved(cursor: number): void {
    while ((this.#unsaved[0]?.upTo ?? Number.POSITIVE_INFINITY) <= cursor) {
      const { events } = this.#unsaved.shift() as HandedOver;
      this.#events -= events;
      this.#unsavedEvents -= events;
    }
    this.#wake();
  }

  /** Resolves once there is room for more events. */
  async room(): Promise<void> {
    while (this.#events >= this.maxEvents && !this.#closed) await this.#changed();
  }

  /** Resolves once everything is settled. */
  async empty(): Promise<void> {
    while (this.#unsettled.length > 0 && !this.#closed) {
      await Promise.race([this.#changed(), this.failed]);
    }
  }

  /** The run is over: nothing is settled any more, and nobody waits. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  #advance(): void {
    if (this.#closed) return;
    let cursor: number | null = null;
    while (this.#unsettled[0]?.settled === true) {
      const entry = this.#unsettled.shift() as HandedOver;
      this.#unsaved.push(entry);
      this.#unsavedEvents += entry.events;
      cursor = entry.upTo;
    }
    if (cursor === null) return;
    this.#settled(cursor);
    this.#wake();
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
