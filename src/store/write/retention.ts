import type { Instant } from '../../event/event.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import type { OpenStore } from '../open.ts';

const intervalMs = 60_000;

/** An event is kept for longer by this share of the retention at most: until then its partition is expected to expire as a whole. */
const graceShare = 10;

/** The events of a partition were recorded within this share of it, so that there is time left to drop it. */
const spanShare = 16;

/** See PartitionLimits. */
export const maxSpanOf = (retentionMicros: number): number =>
  Math.floor(retentionMicros / spanShare);

/** Deletes old events at regular intervals. */
export class Retention implements AsyncDisposable {
  readonly #store: Pick<OpenStore, 'expire'>;
  readonly #retentionMicros: number;
  readonly #now: () => Instant;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;
  #expiring: Promise<void> = Promise.resolve();

  constructor(
    store: Pick<OpenStore, 'expire'>,
    retentionMicros: number,
    now: () => Instant,
    log: Log,
  ) {
    this.#store = store;
    this.#retentionMicros = retentionMicros;
    this.#now = now;
    this.#log = log;
    this.#timer = setInterval(() => this.#begin(), intervalMs).unref();
    this.#begin();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#expiring;
  }

  #begin(): void {
    this.#expiring = this.#expiring.then(() => this.#expire());
  }

  async #expire(): Promise<void> {
    try {
      const retention = this.#retentionMicros;
      await this.#store.expire(this.#now() - retention, Math.floor(retention / graceShare));
    } catch (error) {
      // The store itself logs when it is down.
      if (error instanceof Unavailable) return;
      this.#log.error({ error }, 'Old events could not be deleted.');
    }
  }
}
