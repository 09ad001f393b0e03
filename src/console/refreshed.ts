interface Outcomes<Answer> {
  readonly onAnswer: (answer: Answer) => void;
  readonly onError: (error: Error) => void;
}

/**
 * One question that is asked again whenever something has changed, one request at a time: an answer that takes longer than the
 * time between two changes arrives all the same, and the question is asked once more after it.
 */
export class Refreshed<Answer> {
  readonly #ask: (signal: AbortSignal) => Promise<Answer>;
  readonly #outcomes: Outcomes<Answer>;
  readonly #asking = new AbortController();
  #isAsking = false;
  #isAskedAgain = false;

  /** @param ask one request, which the signal ends */
  constructor(ask: (signal: AbortSignal) => Promise<Answer>, outcomes: Outcomes<Answer>) {
    this.#ask = ask;
    this.#outcomes = outcomes;
  }

  /** Asks now, or after the answer that is on its way. */
  refresh(): void {
    if (this.#isAsking) this.#isAskedAgain = true;
    else void this.#run();
  }

  /** Ends the request that is under way; nothing is called back any more. */
  stop(): void {
    this.#asking.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#asking;
    this.#isAsking = true;
    do {
      this.#isAskedAgain = false;
      try {
        const answer = await this.#ask(signal);
        if (!signal.aborted) this.#outcomes.onAnswer(answer);
      } catch (error) {
        if (!signal.aborted) this.#outcomes.onError(error as Error);
      }
    } while (this.#isAskedAgain && !signal.aborted);
    this.#isAsking = false;
  }
}
