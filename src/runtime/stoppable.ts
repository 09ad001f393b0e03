/**
 * An iteration that whoever leaves it ends at once, also while it waits for its next value.
 * @param begin given the signal that is aborted then
 */
export function stoppable<Value>(
  begin: (signal: AbortSignal) => AsyncGenerator<Value, undefined>,
): AsyncIterableIterator<Value> {
  const ended = new AbortController();
  const values = begin(ended.signal);
  return {
    next: () => values.next(),
    return() {
      ended.abort();
      return values.return(undefined);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
