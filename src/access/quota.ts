import { RateLimited } from '../runtime/unavailable.ts';
import { Bucket } from './bucket.ts';
import type { RoleLimits } from './policy.ts';

/** When to try again where that depends on what others end. */
const slotRetrySeconds = 5;

/** One principal's use of the limits of their roles, in this gateway. */
export class Quota {
  /** Of the policy of the moment. */
  limits: RoleLimits;
  readonly #gateways: () => number;
  readonly #operations = new Bucket();
  readonly #reports = new Bucket();
  readonly #reportBytes = new Bucket();
  #feeds = 0;
  #connections = 0;

  /** @param gateways how many gateways share the limits: each grants an equal part */
  constructor(limits: RoleLimits, gateways: () => number) {
    this.limits = limits;
    this.#gateways = gateways;
  }

  /** Whether nothing that is open counts against it. */
  get isIdle(): boolean {
    return this.#feeds === 0 && this.#connections === 0;
  }

  /** Counts an operation. @throws RateLimited */
  takeOperation(): void {
    const { operationsPerSecond } = this.limits;
    if (operationsPerSecond === undefined) return;
    const rate = this.#part(operationsPerSecond);
    const wait = this.#operations.waitSeconds(1, rate);
    if (wait > 0) throw tooMany('operations a second', operationsPerSecond, wait);
    this.#operations.take(1, rate);
  }

  /**
   * Counts reports, whatever becomes of them.
   * @param bytes their size as JSON, asked for where bytes are limited
   * @throws RateLimited
   */
  takeReports(count: number, bytes: () => number): void {
    const { reportsPerSecond, reportBytesPerSecond } = this.limits;
    const reportRate = this.#part(reportsPerSecond ?? 0);
    const byteRate = this.#part(reportBytesPerSecond ?? 0);
    const size = reportBytesPerSecond === undefined ? 0 : bytes();
    if (reportsPerSecond !== undefined) {
      const wait = this.#reports.waitSeconds(count, reportRate);
      if (wait > 0) throw tooMany('reports a second', reportsPerSecond, wait);
    }
    if (reportBytesPerSecond !== undefined) {
      const wait = this.#reportBytes.waitSeconds(size, byteRate);
      if (wait > 0) throw tooMany('bytes of reports a second', reportBytesPerSecond, wait);
      this.#reportBytes.take(size, byteRate);
    }
    if (reportsPerSecond !== undefined) this.#reports.take(count, reportRate);
  }

  /** Counts a feed until it is disposed of. @throws RateLimited */
  openFeed(): Disposable {
    const { maxFeeds } = this.limits;
    if (maxFeeds !== undefined && this.#feeds >= Math.ceil(this.#part(maxFeeds))) {
      throw tooMany('feeds at a time', maxFeeds, slotRetrySeconds);
    }
    this.#feeds += 1;
    return once(() => {
      this.#feeds -= 1;
    });
  }

  /** Counts a socket or a stream until it is disposed of. @throws RateLimited */
  openConnection(): Disposable {
    const { maxConnections } = this.limits;
    if (
      maxConnections !== undefined &&
      this.#connections >= Math.ceil(this.#part(maxConnections))
    ) {
      throw tooMany('connections at a time', maxConnections, slotRetrySeconds);
    }
    this.#connections += 1;
    return once(() => {
      this.#connections -= 1;
    });
  }

  #part(limit: number): number {
    return limit / this.#gateways();
  }
}

const tooMany = (what: string, limit: number, waitSeconds: number): RateLimited =>
  new RateLimited(`Your roles allow ${limit} ${what}.`, waitSeconds);

function once(release: () => void): Disposable {
  let isReleased = false;
  return {
    [Symbol.dispose]() {
      if (isReleased) return;
      isReleased = true;
      release();
    },
  };
}
