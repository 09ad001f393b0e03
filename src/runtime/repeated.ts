/** Does work again and again, with a pause after each time. What the work fails with is handed over, and the next time comes. */
export class Repeated implements AsyncDisposable {
  readonly #pauseMs: () => number;
  readonly #loop: Promise<void>;
  #stopped = false;
  #asked = false;
  #wake: () => void = () => {};

  constructor(pauseMs: () => number, work: () => Promise<void>, failed: (error: unknown) => void) {
    this.#pauseMs = pauseMs;
    this.#loop = this.#run(work, failed);
  }

  /** Ends the pause of this moment, or leaves out the next one. */
  soon(): void {
    this.#asked = true;
    this.#wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#loop;
  }

  async #run(work: () => Promise<void>, failed: (error: unknown) => void): Promise<void> {
    for (;;) {
      await this.#pause();
      if (this.#stopped) return;
      await work().catch(failed);
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
