import { pause } from '../../runtime/backoff.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import type { OpenStore } from '../open.ts';

const intervalMs = 10_000;

/** Begins another partition of the events in time. */
export class PartitionKeeper implements AsyncDisposable {
  readonly #store: Pick<OpenStore, 'keepPartitions'>;
  readonly #log: Log;
  readonly #closing = new AbortController();
  readonly #work: Promise<void>;

  constructor(store: Pick<OpenStore, 'keepPartitions'>, log: Log) {
    this.#store = store;
    this.#log = log;
    this.#work = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#work;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        const partition = await this.#store.keepPartitions();
        if (partition !== null)
          this.#log.info({ partition }, 'Another partition of the events has begun.');
      } catch (error) {
        // The store itself logs when it is down, and a lock that cannot be had now can be later.
        if (!(error instanceof Unavailable)) {
          this.#log.error({ error }, 'The events could not be divided into partitions.');
        }
      }
      await pause(intervalMs, signal);
    }
  }
}
