/** Notices a database that is connected but answers nothing, long before its statements time out. */
export class AnswerWatch {
  readonly #maxSilenceMs: number;
  #waiting = 0;
  #lastAnswerAtMs = 0;

  constructor(maxSilenceMs: number) {
    this.#maxSilenceMs = maxSilenceMs;
  }

  get idle(): boolean {
    return this.#waiting === 0;
  }

  /** Counts the work as unanswered until it settles. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.idle) this.#lastAnswerAtMs = performance.now();
    this.#waiting += 1;
    try {
      return await work();
    } finally {
      this.#waiting -= 1;
      this.#lastAnswerAtMs = performance.now();
    }
  }

  /** A sentence while something has waited too long and nothing was answered meanwhile, else null. */
  healthReason(): string | null {
    if (this.idle) return null;
    const silenceMs = performance.now() - this.#lastAnswerAtMs;
    if (silenceMs < this.#maxSilenceMs) return null;
    return `The database has not answered a write for ${Math.floor(silenceMs / 1_000)} s.`;
  }
}
