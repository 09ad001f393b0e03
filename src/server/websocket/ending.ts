/**
 * An iteration without values that only ends: how an operation whose messages go another way tells
 * graphql-ws that it is over.
 */
export class Ending implements AsyncIterableIterator<never, undefined> {
  readonly #onReturn: () => void;
  #outcome: { readonly error: Error | null } | null = null;
  #settle: (() => void) | null = null;

  /** @param onReturn is called when whoever iterates wants no more */
  constructor(onReturn: () => void) {
    this.#onReturn = onReturn;
  }

  /** Ends it, with an error or (null) well. */
  end(error: Error | null): void {
    this.#outcome ??= { error };
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
