import type { Instant } from '../../event/event.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import type { OpenStore } from '../open.ts';

const intervalMs = 60_000;

/** Deletes old events at regular intervals. */
export class Retention implements AsyncDisposable {
  readonly #store: Pick<OpenStore, 'expire'>;
  readonly #oldest: () => Instant;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;
  #expiring: Promise<void> = Promise.resolve();

  /** @param oldest events that were recorded before it are deleted */
  constructor(store: Pick<OpenStore, 'expire'>, oldest: () => Instant, log: Log) {
    this.#store = store;
    this.#oldest = oldest;
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
      await this.#store.expire(this.#oldest());
    } catch (error) {
      // The store itself logs when it is down.
      if (error instanceof Unavailable) return;
      this.#log.error({ error }, 'Old events could not be deleted.');
    }
  }
}
