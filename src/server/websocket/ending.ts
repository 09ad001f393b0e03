/**
 * The end of an operation, as an iteration without values: graphql-ws iterates it to learn when the operation ends, whose
 * messages are written to the socket directly.
 */
export class Ending implements AsyncIterableIterator<never, undefined> {
  readonly #onReturn: () => void;
  #outcome: { readonly error: Error | null } | null = null;
  #settle: (() => void) | null = null;
  #onEnd: (() => void)[] = [];

  /** @param onReturn is called when the client completes the operation */
  constructor(onReturn: () => void) {
    this.#onReturn = onReturn;
  }

  /** Calls back once it has ended. */
  onEnd(ended: () => void): void {
    if (this.#outcome) ended();
    else this.#onEnd.push(ended);
  }

  /** Ends the iteration with an error, or (null) regularly. */
  end(error: Error | null): void {
    this.#outcome ??= { error };
    for (const ended of this.#onEnd) ended();
    this.#onEnd = [];
    this.#settle?.();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorReturnResult<undefined>> {
    if (!this.#outcome) {
      await new Promise<void>((resolve) => {
        this.#settle = resolve;
      });
    }
    if (this.#outcome?.error) throw this.#outcome.error;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#onReturn();
    this.end(null);
    return { done: true, value: undefined };
  }
}
