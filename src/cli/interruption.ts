const numbers = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;
type Interrupting = keyof typeof numbers;

/**
 * A signal that asks the command to end. The first lets it finish what it is at; the second ends it at once.
 */
export class Interruption implements Disposable {
  readonly #stopping = new AbortController();
  readonly #handlers = Object.keys(numbers).map((name) => {
    const signal = name as Interrupting;
    const handler = () => this.#on(signal);
    process.on(signal, handler);
    return { signal, handler };
  });
  #exitCode: number | null = null;

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** 128 and the signal's number; null where none came. */
  get exitCode(): number | null {
    return this.#exitCode;
  }

  #on(signal: Interrupting): void {
    const exitCode = 128 + numbers[signal];
    if (this.#exitCode !== null) process.exit(exitCode);
    this.#exitCode = exitCode;
    this.#stopping.abort();
  }

  [Symbol.dispose](): void {
    for (const { signal, handler } of this.#handlers) process.off(signal, handler);
  }
}
