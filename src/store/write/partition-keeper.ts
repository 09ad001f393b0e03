import { Repeated } from '../../runtime/repeated.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import type { OpenStore } from '../open.ts';

const intervalMs = 10_000;

const checking = 'The table of events is being read through, to become the first partition.';

/** Begins another partition of the events in time. */
export class PartitionKeeper implements AsyncDisposable {
  readonly #store: Pick<OpenStore, 'keepPartitions'>;
  readonly #maxSpanMicros: number | null;
  readonly #log: Log;
  readonly #keeping: Repeated;

  /** @param maxSpanMicros see PartitionLimits */
  constructor(store: Pick<OpenStore, 'keepPartitions'>, maxSpanMicros: number | null, log: Log) {
    this.#store = store;
    this.#maxSpanMicros = maxSpanMicros;
    this.#log = log;
    this.#keeping = new Repeated(
      () => intervalMs,
      () => this.#keep(),
      (error) => this.#failed(error),
    );
    this.#keeping.soon();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#keeping[Symbol.asyncDispose]();
  }

  async #keep(): Promise<void> {
    const partition = await this.#store.keepPartitions(
      { maxSpanMicros: this.#maxSpanMicros },
      (progress) => this.#log.info(progress, checking),
    );
    if (partition !== null) {
      this.#log.info({ partition }, 'Another partition of the events has begun.');
    }
  }

  #failed(error: unknown): void {
    // The store itself logs when it is down, and a lock that cannot be had now can be later.
    if (error instanceof Unavailable) return;
    this.#log.error({ error }, 'The events could not be divided into partitions.');
  }
}
