import { randomUUID } from 'node:crypto';
import { Repeated } from '../runtime/repeated.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { Gateways } from '../store/write/gateways.ts';
import type { Log } from '../telemetry/log.ts';
import { logUnexpectedError } from '../telemetry/unexpected-error.ts';

const announceEveryMs = 2_000;
/** A gateway that has ended without leaving counts until then. */
const aliveMs = 10_000;

/** Knows how many gateways share the database, this one included; while it is down, as many as before. */
export class GatewayCount implements AsyncDisposable {
  readonly #id = randomUUID();
  readonly #gateways: Gateways;
  readonly #announcing: Repeated;
  #count = 1;

  constructor(gateways: Gateways, log: Log) {
    this.#gateways = gateways;
    this.#announcing = new Repeated(
      () => announceEveryMs,
      async () => {
        this.#count = await gateways.announce(this.#id, aliveMs);
      },
      (error) => {
        if (error instanceof Unavailable) return;
        logUnexpectedError(log, { error, where: 'counting the gateways' });
      },
    );
    this.#announcing.soon();
  }

  get count(): number {
    return this.#count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#announcing[Symbol.asyncDispose]();
    await this.#gateways.leave(this.#id).catch(() => {});
  }
}
