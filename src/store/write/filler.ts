import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Msg, NatsConnection } from 'nats';
import type { SizedReport } from '../../journal/nats/completion.ts';
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

export interface StoreFillerOptions {
  /** Another gateway takes over at most so long after this one has died. */
  readonly leaseMilliseconds: number;
  /** What the stream keeps of that which is stored. */
  readonly keep: StreamKeep;
}

const readAtOnce = { messages: 1000, bytes: 8 * 2 ** 20 };
/** As many as have come: the gateway may be busy with a large call when the database is done, which then has to wait. */
const writtenAtOnce = { messages: 2000, bytes: 4 * 2 ** 20 };
const trimEveryMilliseconds = 60_000;
/** The share of what the stream keeps that is filled in without looking whether it is too much. */
const trimEveryShare = 1 / 8;

/**
 * Fills the store from the stream while it is this gateway's turn: one at a time, by a lease in the database,
 * so that the store is a prefix of the journal at every moment. Each batch moves the stored index from where
 * it was in the batch's own transaction: what is read twice, or by two at once, is written once. Every gateway
 * hears on `<prefix>.stored` how far the store has got, and asks the database when it asks for the lease.
 */
export class StoreFiller implements AsyncDisposable {
  readonly #stream: NatsStream;
  readonly #tail: NatsTail;
  readonly #store: Pick<OpenStore, 'stored' | 'fill' | 'lease'>;
  readonly #log: Log;
  readonly #options: StoreFillerOptions;
  readonly #subject: string;
  readonly #holder = `${hostname()} ${process.pid} ${randomUUID()}`;
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
    this.#subject = `${stream.prefix}.stored`;
    this.#malformed = new SkipCounter(log, `The store leaves out messages of ${stream.name}.`);
    this.#work = new SupervisedTask('Filling the store', link, log, (run) => this.#serve(run));
  }

  /** How many indexes the stream had lost before they were stored. */
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
    const { leaseMilliseconds } = this.#options;
    try {
      while (!run.signal.aborted) {
        const { held, storedIndex } = await this.#store.lease(this.#holder, leaseMilliseconds);
        this.#store.stored.advance(storedIndex);
        run.ready();
        if (held) await this.#turn(run, storedIndex);
        else await pause(leaseMilliseconds / 3, run.signal);
      }
    } finally {
      if (!run.connection.isClosed()) heard.unsubscribe();
      // The next gateway need not wait until it runs out.
      await this.#store.lease(this.#holder, 0).catch(() => {});
    }
  }

  #hear(message: Msg): void {
    const index = Number(message.string());
    if (Number.isSafeInteger(index)) this.#store.stored.advance(index);
  }

  /** Fills for as long as the lease can be prolonged. */
  async #turn(run: TaskRun, storedIndex: number): Promise<void> {
    const turn = new AbortController();
    const end = () => turn.abort();
    run.signal.addEventListener('abort', end);
    const outcomes = await Promise.allSettled([
      this.#prolong(run.connection, turn.signal).finally(end),
      this.#fill({ ...run, signal: turn.signal }, storedIndex, end).finally(end),
    ]);
    run.signal.removeEventListener('abort', end);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #prolong(connection: NatsConnection, signal: AbortSignal): Promise<void> {
    for (;;) {
      await pause(this.#options.leaseMilliseconds / 3, signal);
      if (signal.aborted) return;
      const lease = await this.#store.lease(this.#holder, this.#options.leaseMilliseconds);
      if (!lease.held) return;
      await this.#trim(connection, lease.storedIndex);
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

  /** Reads from the stream what the tail does not hold, up to where it does. */
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

  /** What the stream does not hold any more cannot be stored: it is said, and passed by. */
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
    const young = performance.now() - this.#trimmedAt < trimEveryMilliseconds;
    if (young && this.#bytesSinceTrim < keep.bytes * trimEveryShare) return;
    this.#trimmedAt = performance.now();
    this.#bytesSinceTrim = 0;
    try {
      await trimStream(connection, this.#stream, keep, storedIndex);
    } catch (error) {
      this.#log.warn({ error }, `The stream ${this.#stream.name} could not be trimmed.`);
    }
  }
}
