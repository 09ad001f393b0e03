import type { Log } from '../telemetry/log.ts';

/** The parts of a gateway that were opened, in order; closing goes the other way round. */
export class Parts {
  readonly #log: Log;
  readonly #closers: (() => unknown)[] = [];
  #closed: Promise<void> | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  add<Part extends AsyncDisposable | Disposable>(part: Part): Part {
    this.onClose(() =>
      Symbol.asyncDispose in part ? part[Symbol.asyncDispose]() : part[Symbol.dispose](),
    );
    return part;
  }

  onClose(close: () => unknown): void {
    this.#closers.push(close);
  }

  /** Whether closing has begun. */
  get closing(): boolean {
    return this.#closed !== null;
  }

  /** Closes everything once; what cannot be closed is logged and holds nothing up. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    for (const close of this.#closers.toReversed()) {
      try {
        await close();
      } catch (error) {
        this.#log.error({ error }, 'A part of the gateway could not be closed in order.');
      }
    }
  }
}
