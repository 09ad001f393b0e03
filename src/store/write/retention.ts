import type { Instant } from '../../event/event.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import type { OpenStore } from '../open.ts';

/** How often old events are looked for, in milliseconds. */
const pause = 60_000;

/** Deletes the events that were recorded too long ago, for ever. */
export class Retention implements AsyncDisposable {
  readonly #store: Pick<OpenStore, 'expire'>;
  readonly #oldest: () => Instant;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;
  #expiring: Promise<void> = Promise.resolve();

  /** @param oldest what was recorded before this moment goes */
  constructor(store: Pick<OpenStore, 'expire'>, oldest: () => Instant, log: Log) {
    this.#store = store;
    this.#oldest = oldest;
    this.#log = log;
    this.#timer = setInterval(() => this.#begin(), pause).unref();
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
      // The store says by itself when it is away.
      if (error instanceof Unavailable) return;
      this.#log.error({ error }, 'Old events could not be deleted.');
    }
  }
}
