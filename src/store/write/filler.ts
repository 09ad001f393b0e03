import type { Msg, NatsConnection } from 'nats';
import type { SizedReport } from '../../journal/nats/completion.ts';
import { doubtMessage } from '../../journal/nats/doubt.ts';
import { reportsIn } from '../../journal/nats/follower.ts';
import { readStream } from '../../journal/nats/read-stream.ts';
import type { NatsStream, StreamState } from '../../journal/nats/stream.ts';
import type { NatsTail } from '../../journal/nats/tail.ts';
import { type StreamKeep, trimStream } from '../../journal/nats/trim.ts';
import type { NatsLink } from '../../nats/connection.ts';
import { SupervisedTask, type TaskRun } from '../../nats/supervised-task.ts';
import { pause } from '../../runtime/backoff.ts';
import type { Log } from '../../telemetry/log.ts';
import { SkipCounter } from '../../telemetry/skip-counter.ts';
import type { OpenStore } from '../open.ts';
import { HeldLease, newHolder } from './lease.ts';

export interface StoreFillerOptions {
  /** Another gateway takes over within this time after this one has died. */
  readonly leaseMs: number;
  /** The stored reports that the stream keeps. */
  readonly keep: StreamKeep;
}

const readAtOnce = { messages: 1000, bytes: 8 * 2 ** 20 };
/** A batch takes all reports that have arrived, as the gateway may be too busy to hand the database the next one at once. */
const writtenAtOnce = { messages: 2000, bytes: 4 * 2 ** 20 };
/** Shares of the lease: how often it is renewed, and how long before its end this gateway stops. */
const [renewedShare, marginShare] = [1 / 3, 1 / 5];
const trimIntervalMs = 60_000;
/** Trims again after this share of the kept size has been filled. */
const trimEveryShare = 1 / 8;

/**
 * Fills the store from the stream while it is this gateway's turn: one at a time, by a lease in the database,
 * so that the store is a prefix of the journal at every moment. Each batch moves the stored index in its own
 * transaction: a report that is read twice, or by two gateways at once, is written once. Every gateway receives the
 * stored index on `<prefix>.stored`, and reads it from the database when it asks for the lease.
 */
export class StoreFiller implements AsyncDisposable {
  readonly #stream: NatsStream;
  readonly #tail: NatsTail;
  readonly #store: Pick<OpenStore, 'stored' | 'fill' | 'lease'>;
  readonly #log: Log;
  readonly #options: StoreFillerOptions;
  readonly #subject: string;
  readonly #holder = newHolder();
  readonly #malformed: SkipCounter;
  readonly #work: SupervisedTask;
  #missing = 0;
  #trimmedAt = performance.now();
  #bytesSinceTrim = 0;

  constructor(
    stream: NatsStream,
    link: NatsLink,
    tail: NatsTail,
    store: Pick<OpenStore, 'stored' | 'fill' | 'lease'>,
    log: Log,
    options: StoreFillerOptions,
  ) {
    this.#stream = stream;
    this.#tail = tail;
    this.#store = store;
    this.#log = log;
    this.#options = options;
    this.#subject = stream.storedSubject;
    this.#malformed = new SkipCounter(log, `The store leaves out messages of ${stream.name}.`);
    this.#work = new SupervisedTask('Filling the store', link, log, (run) => this.#serve(run));
  }

  /** The number of indexes that the stream lost before they were stored. */
  get missing(): number {
    return this.#missing;
  }

  healthReason(): string | null {
    return this.#work.healthReason();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work[Symbol.asyncDispose]();
  }

  async #serve(run: TaskRun): Promise<void> {
    const heard = run.connection.subscribe(this.#subject, {
      callback: (error, message) => {
        if (error === null) this.#hear(message);
      },
    });
    const { leaseMs } = this.#options;
    try {
      while (!run.signal.aborted) {
        const askedAtMs = performance.now();
        const { held, storedIndex } = await this.#store.lease(this.#holder, leaseMs);
        this.#store.stored.advance(storedIndex);
        run.ready();
        if (held) await this.#turn(run, storedIndex, askedAtMs);
        else await pause(leaseMs * renewedShare, run.signal);
      }
    } finally {
      if (!run.connection.isClosed()) heard.unsubscribe();
      // The next gateway need not wait until it runs out.
      await this.#store.lease(this.#holder, 0).catch(() => {});
    }
  }

  #hear(message: Msg): void {
    const said = message.string();
    if (said === doubtMessage) this.#stream.doubt.hear();
    const index = Number(said);
    if (Number.isSafeInteger(index)) this.#store.stored.advance(index);
  }

  /** Fills for as long as the lease can be prolonged. */
  async #turn(run: TaskRun, storedIndex: number, askedAtMs: number): Promise<void> {
    const { leaseMs } = this.#options;
    const lease = new HeldLease(askedAtMs, { leaseMs, marginMs: leaseMs * marginShare });
    const end = () => lease.end();
    if (run.signal.aborted) end();
    run.signal.addEventListener('abort', end);
    const outcomes = await Promise.allSettled([
      this.#prolong(run.connection, lease).finally(end),
      this.#fill({ ...run, signal: lease.signal }, storedIndex, end).finally(end),
    ]);
    run.signal.removeEventListener('abort', end);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #prolong(connection: NatsConnection, lease: HeldLease): Promise<void> {
    const { leaseMs } = this.#options;
    for (;;) {
      await pause(leaseMs * renewedShare, lease.signal);
      if (lease.signal.aborted) return;
      const askedAtMs = performance.now();
      const { held, storedIndex } = await this.#store.lease(this.#holder, leaseMs);
      if (!held) return;
      lease.prolong(askedAtMs);
      await this.#trim(connection, storedIndex);
    }
  }

  async #fill(run: TaskRun, storedIndex: number, end: () => void): Promise<void> {
    let stored = storedIndex;
    while (!run.signal.aborted) {
      if (stored < this.#tail.from) stored = await this.#catchUp(run, stored, end);
      const next = this.#tail.after(stored, writtenAtOnce.messages, writtenAtOnce.bytes);
      if (next === null || next.to === stored) {
        await this.#tail.grown(run.signal);
        continue;
      }
      await this.#write(run.connection, next.reports, stored, next.to, end);
      stored = next.to;
    }
  }

  /** Reads from the stream up to the first report that the tail holds. */
  async #catchUp(run: TaskRun, storedIndex: number, end: () => void): Promise<number> {
    const state = await this.#stream.state();
    let stored = await this.#passBy(state, storedIndex);
    let writing: Promise<void> = Promise.resolve();
    const from = stored - state.base + 1;
    if (stored >= this.#tail.from) return stored;
    for await (const messages of readStream(run, this.#stream, state, { from, ...readAtOnce })) {
      // The next batch is read while the last one is written.
      const reports = reportsIn(messages, state, this.#stream, this.#malformed);
      await writing;
      const to = state.base + (messages.at(-1)?.sequence ?? 0);
      writing = this.#write(run.connection, reports, stored, to, end);
      writing.catch(end);
      stored = to;
      if (stored >= this.#tail.from) break;
    }
    await writing;
    return stored;
  }

  /** Reports that the stream has lost cannot be stored: logs and skips them. */
  async #passBy(state: StreamState, storedIndex: number): Promise<number> {
    const to = state.base + Math.max(state.firstSequence, 1) - 1;
    if (to <= storedIndex) return storedIndex;
    const missing = to - Math.max(storedIndex, state.base);
    if (missing > 0) {
      this.#missing += missing;
      this.#log.error(
        { missing, storedIndex, goesOnAt: to + 1 },
        `The stream ${this.#stream.name} lost reports before they were stored.`,
      );
    }
    await this.#store.fill([], storedIndex, to, this.#holder);
    return to;
  }

  async #write(
    connection: NatsConnection,
    reports: readonly SizedReport[],
    from: number,
    to: number,
    end: () => void,
  ): Promise<void> {
    const written = await this.#store.fill(reports, from, to, this.#holder);
    if (written === null) return end();
    for (const { size } of reports) this.#bytesSinceTrim += size;
    if (!connection.isClosed()) connection.publish(this.#subject, String(to));
  }

  async #trim(connection: NatsConnection, storedIndex: number): Promise<void> {
    const { keep } = this.#options;
    const young = performance.now() - this.#trimmedAt < trimIntervalMs;
    if (young && this.#bytesSinceTrim < keep.maxBytes * trimEveryShare) return;
    this.#trimmedAt = performance.now();
    this.#bytesSinceTrim = 0;
    try {
      await trimStream(connection, this.#stream, keep, storedIndex);
    } catch (error) {
      this.#log.warn({ error }, `The stream ${this.#stream.name} could not be trimmed.`);
    }
  }
}
