import { setMaxListeners } from 'node:events';
import { CostLimit } from '../../runtime/unavailable.ts';
import { Busy, cancelled, sqlState } from './outage.ts';

/** On whose behalf a statement reads: one operation of a client. Its identity is what counts. */
export interface StatementCaller {
  /** Aborted when nobody waits for the answers any more: what still reads is ended. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that its reads may take together, not counting those in which they wait. */
  readonly maxBusyMs?: number | undefined;
  /** Milliseconds that each of its reads may take. */
  readonly maxReadMs?: number | undefined;
  /** Characters that its reads may answer together. */
  readonly maxReadBytes?: number | undefined;
}

/** How long the next read of a caller may take; Infinity where that is not limited. */
export const msLeft = (
  { maxBusyMs = Number.POSITIVE_INFINITY, maxReadMs = Number.POSITIVE_INFINITY }: StatementCaller,
  busyMs: number,
): number => Math.min(maxBusyMs - busyMs, maxReadMs);

export function outOfTime({ maxBusyMs, maxReadMs }: StatementCaller): CostLimit {
  const maxDatabaseTimeMs = maxBusyMs ?? maxReadMs ?? 0;
  return new CostLimit(
    `It takes the database longer than the ${maxDatabaseTimeMs} ms that your roles allow: narrow the filter or the span of time.`,
    { maxDatabaseTimeMs },
  );
}

/**
 * The milliseconds that a read has for itself while others wait, by how often it was interrupted. It then begins anew,
 * after those that were interrupted less often.
 */
const slicesMs = [100, 300, 800];
const maxInterruptions = 6;

/** From asking to the answer. */
const readTimeoutMs = 30_000;

/** A cancellation that came too early is repeated. */
const cancelAgainMs = 100;

/** Reads that wait: of one caller, and of all callers. */
const maxReadsOfCaller = 32;
const maxReads = 1_000;

interface Read {
  readonly run: () => Promise<unknown>;
  readonly resolve: (result: never) => void;
  readonly reject: (reason: unknown) => void;
  readonly usage: Usage;
  readonly caller: StatementCaller;
  interruptions: number;
  startedAt: number;
  /** Why it was cancelled for good; null where it may begin anew. */
  ended: Error | null;
  cancelled: boolean;
}

interface Write {
  readonly run: () => Promise<void>;
  /** Whether the next one must wait until this one is done. */
  readonly alone: boolean;
}

interface Usage {
  /** Reads that have no answer yet. */
  reads: number;
  busyMs: number;
}

const busy = () => new Busy('The database has too much to do to answer in time');
const slow = () =>
  new Busy(
    'The query takes the embedded database too long while it has other work: narrow the filter or the span of time',
  );
const gone = () => new Busy('The client has disconnected');

/**
 * The order of statements in a database that does one at a time. Writes come first. Reads follow, those of the caller
 * for whom the database has worked least first; one that others wait for is interrupted and begins anew later.
 */
export class StatementQueue {
  readonly #cancel: () => void;
  readonly #writes: Write[] = [];
  /** Reads that wait, by how often they were interrupted. */
  readonly #reads: Read[][] = slicesMs.map(() => []);
  readonly #usages = new WeakMap<StatementCaller, Usage>();
  #writing = 0;
  #alone = false;
  #reading: Read | null = null;
  #watch: NodeJS.Timeout | undefined;
  #waitingReads = 0;

  /** @param cancel ends the statement that runs */
  constructor(cancel: () => void) {
    this.#cancel = cancel;
  }

  /** Runs in turn, before any read. Two are under way at a time, so that the database need not wait for the next. */
  write<Result>(run: () => Promise<Result>): Promise<Result> {
    return this.#enqueue(run, false);
  }

  /** Runs with the database to itself, before any read. */
  transaction<Result>(run: () => Promise<Result>): Promise<Result> {
    return this.#enqueue(run, true);
  }

  /**
   * Runs after the writes, perhaps several times.
   * @throws Busy when too many reads wait, or it could not be done in time; CostLimit
   */
  read<Result>(run: () => Promise<Result>, caller: StatementCaller = {}): Promise<Result> {
    const usage = this.#usageOf(caller);
    if (caller.signal?.aborted) return Promise.reject(gone());
    if (msLeft(caller, usage.busyMs) <= 0) return Promise.reject(outOfTime(caller));
    if (usage.reads >= maxReadsOfCaller || this.#waitingReads >= maxReads) {
      return Promise.reject(busy());
    }
    return new Promise<Result>((resolve, reject) => {
      const read: Read = {
        run,
        caller,
        resolve,
        reject,
        usage,
        interruptions: 0,
        startedAt: 0,
        ended: null,
        cancelled: false,
      };
      usage.reads += 1;
      this.#waitingReads += 1;
      this.#reads[0]?.push(read);
      this.#endWith(read, caller.signal);
      this.#next();
    });
  }

  #usageOf(caller: StatementCaller): Usage {
    const known = this.#usages.get(caller);
    if (known !== undefined) return known;
    const usage = { reads: 0, busyMs: 0 };
    this.#usages.set(caller, usage);
    if (caller.signal !== undefined) setMaxListeners(maxReadsOfCaller + 10, caller.signal);
    return usage;
  }

  /** Ends the read when it has taken too long, or its caller has disconnected. */
  #endWith(read: Read, signal: AbortSignal | undefined): void {
    const expire = () => this.#end(read, read.interruptions > 0 ? slow() : busy());
    const abort = () => this.#end(read, gone());
    const timer = setTimeout(expire, readTimeoutMs);
    signal?.addEventListener('abort', abort, { once: true });
    const { resolve, reject } = read;
    const settled = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      read.usage.reads -= 1;
      this.#waitingReads -= 1;
    };
    Object.assign(read, {
      resolve: (result: never) => {
        settled();
        resolve(result);
      },
      reject: (reason: unknown) => {
        settled();
        reject(reason);
      },
    });
  }

  #end(read: Read, reason: Error): void {
    read.ended = reason;
    if (read === this.#reading) {
      this.#interrupt(read);
      return;
    }
    const lane = this.#reads[laneOf(read)] ?? [];
    lane.splice(lane.indexOf(read), 1);
    read.reject(reason);
  }

  #enqueue<Result>(run: () => Promise<Result>, alone: boolean): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#writes.push({ run: () => run().then(resolve, reject), alone });
      this.#next();
    });
  }

  #next(): void {
    if (this.#reading !== null) {
      this.#look();
      return;
    }
    while (this.#writes.length > 0 && this.#mayWrite(this.#writes[0])) {
      this.#startWrite(this.#writes.shift() as Write);
    }
    if (this.#writing > 0) return;
    const read = this.#nextRead();
    if (read !== null) void this.#startRead(read);
  }

  #mayWrite(write: Write | undefined): boolean {
    if (this.#writing === 0) return true;
    return !this.#alone && write?.alone === false && this.#writing < 2;
  }

  #startWrite({ run, alone }: Write): void {
    this.#writing += 1;
    this.#alone = alone;
    void run().finally(() => {
      this.#writing -= 1;
      this.#next();
    });
  }

  #nextRead(): Read | null {
    const lane = this.#reads.find((reads) => reads.length > 0);
    if (lane === undefined) return null;
    let first = 0;
    for (const [position, { usage }] of lane.entries()) {
      if (usage.busyMs < (lane[first]?.usage.busyMs ?? 0)) first = position;
    }
    return lane.splice(first, 1)[0] ?? null;
  }

  async #startRead(read: Read): Promise<void> {
    this.#reading = read;
    read.cancelled = false;
    read.startedAt = performance.now();
    this.#look();
    const expiry = this.#expireInTime(read);
    const settle = await read.run().then(
      (result) => () => read.resolve(result as never),
      (error) => () => this.#failed(read, error),
    );
    clearTimeout(this.#watch);
    clearTimeout(expiry);
    read.usage.busyMs += performance.now() - read.startedAt;
    this.#reading = null;
    settle();
    this.#next();
  }

  #expireInTime(read: Read): NodeJS.Timeout | undefined {
    const leftMs = msLeft(read.caller, read.usage.busyMs);
    if (leftMs === Number.POSITIVE_INFINITY) return undefined;
    return setTimeout(() => this.#end(read, outOfTime(read.caller)), leftMs);
  }

  #failed(read: Read, error: unknown): void {
    const wasCancelled = read.cancelled && sqlState(error) === cancelled;
    if (wasCancelled && read.ended === null) read.interruptions += 1;
    if (!wasCancelled) read.reject(error);
    else if (read.ended !== null) read.reject(read.ended);
    else if (read.interruptions === maxInterruptions) read.reject(slow());
    else this.#reads[laneOf(read)]?.push(read);
  }

  /** Whether the read that runs has had its time. */
  #look(): void {
    const read = this.#reading;
    if (read === null) return;
    clearTimeout(this.#watch);
    if (!this.#othersWait(read)) return;
    const slice = slicesMs[laneOf(read)] ?? 0;
    const leftMs = read.startedAt + slice - performance.now();
    if (leftMs <= 0) this.#interrupt(read);
    else this.#watch = setTimeout(() => this.#look(), leftMs);
  }

  #othersWait(read: Read): boolean {
    const before = this.#reads.slice(0, Math.max(1, laneOf(read)));
    return this.#writes.length > 0 || before.some((reads) => reads.length > 0);
  }

  #interrupt(read: Read): void {
    clearTimeout(this.#watch);
    read.cancelled = true;
    this.#cancel();
    this.#watch = setTimeout(() => {
      if (read === this.#reading) this.#interrupt(read);
    }, cancelAgainMs);
  }
}

const laneOf = ({ interruptions }: Read): number => Math.min(interruptions, slicesMs.length - 1);
