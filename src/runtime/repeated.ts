/** Repeats work with a pause before each run. An error of a run is handed to `failed`, and the next run follows. */
export class Repeated implements AsyncDisposable {
  readonly #pauseMs: () => number;
  readonly #loop: Promise<void>;
  #stopped = false;
  #asked = false;
  #wake: () => void = () => {};
  /** Wait for the next run. */
  #waiting: (() => void)[] = [];

  constructor(pauseMs: () => number, work: () => Promise<void>, failed: (error: unknown) => void) {
    this.#pauseMs = pauseMs;
    this.#loop = this.#run(work, failed);
  }

  /** Ends the current pause, or skips the next one. */
  soon(): void {
    this.#asked = true;
    this.#wake();
  }

  /** Resolves once a run that begins from now on is done, whatever became of it, or there is none any more. */
  next(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.soon();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#loop;
  }

  async #run(work: () => Promise<void>, failed: (error: unknown) => void): Promise<void> {
    for (;;) {
      await this.#pause();
      const waiting = this.#waiting;
      this.#waiting = [];
      if (!this.#stopped) await work().catch(failed);
      for (const resolve of waiting) resolve();
      if (this.#stopped) return;
    }
  }

  async #pause(): Promise<void> {
    if (!this.#asked && !this.#stopped) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#pauseMs()).unref();
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#asked = false;
    this.#wake = () => {};
  }
}
