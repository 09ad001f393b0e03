import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

/** Names a holder as no other process does. */
export const newHolder = (): string => `${hostname()} ${process.pid} ${randomUUID()}`;

/**
 * Parts of statements over rows with the columns holder and lease_until: who works on what the row stands for, until
 * when by the database's clock. Their arguments are parameters of the statement.
 */
export const leaseSql = {
  isFree: '(holder IS NULL OR lease_until <= clock_timestamp())',
  isHeldBy: (holder: string) => `(holder = ${holder} AND lease_until > clock_timestamp())`,
  take: (holder: string, leaseMs: string) => `holder = ${holder}, ${prolonged(leaseMs)}`,
  prolong: (leaseMs: string) => prolonged(leaseMs),
  release: 'holder = NULL, lease_until = NULL',
} as const;

const prolonged = (leaseMs: string): string =>
  `lease_until = clock_timestamp() + ${leaseMs}::float8 * interval '1 millisecond'`;

/** How long a lease lasts, and how long before its end its holder stops: clocks and statements are not exact. */
export interface LeaseTimes {
  readonly leaseMs: number;
  readonly marginMs: number;
}

/** A lease as its holder sees it: held until a moment of the process's own clock, unless it is prolonged before. */
export class HeldLease {
  readonly #times: LeaseTimes;
  readonly #end = new AbortController();
  /** By performance.now(). */
  #untilMs: number;
  #timer: NodeJS.Timeout;

  /** @param askedAtMs when the database was asked for it, by performance.now() */
  constructor(askedAtMs: number, times: LeaseTimes) {
    this.#times = times;
    this.#untilMs = this.#untilFrom(askedAtMs);
    this.#timer = this.#endInTime();
  }

  /** Aborted before somebody else may have the lease. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** By the clock: a process that was halted is late with the signal. */
  get isHeld(): boolean {
    return !this.signal.aborted && performance.now() < this.#untilMs;
  }

  /** The database was asked at that moment, and has prolonged it. One that has ended stays so. */
  prolong(askedAtMs: number): void {
    if (this.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#untilMs = this.#untilFrom(askedAtMs);
    this.#timer = this.#endInTime();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#end.abort();
  }

  #untilFrom(askedAtMs: number): number {
    const { leaseMs, marginMs } = this.#times;
    return askedAtMs + leaseMs - marginMs;
  }

  #endInTime(): NodeJS.Timeout {
    const leftMs = Math.max(0, this.#untilMs - performance.now());
    return setTimeout(() => this.#end.abort(), leftMs).unref();
  }
}
