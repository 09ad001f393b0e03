import { setTimeout } from 'node:timers/promises';
import { Backoff } from '../../runtime/backoff.ts';
import { CostLimit } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Query } from './connection.ts';
import type { Database } from './database.ts';
import { asUnavailable, cancelled, messageOf, sqlState } from './outage.ts';
import { PostgresReaders } from './postgres.ts';

/** A replica that is behind is waited for this long, asked again after growing pauses. */
const maxWaitMs = 300;
const shortestPauseMs = 2;

/** Once it has been passed over, it is not asked again for this time. */
const restBehindMs = 1_000;
const shortestRestDownMs = 5_000;
const longestRestDownMs = 60_000;

/** It lacks what the primary has stored. */
class Behind extends Error {
  override readonly name = 'Behind';
}

/** It belongs to another journal. */
class OtherDatabase extends Error {
  override readonly name = 'OtherDatabase';
}

interface ReplicaOptions {
  /** A server, or whatever hands a connection to one of several. */
  readonly url: string;
  /** Reads what the replica cannot. */
  readonly primary: Pick<Database, 'read' | 'lookUp' | 'isOpen'>;
  /** What has been stored by now, as far as this process knows: each read sees it. */
  readonly storedIndex: () => number;
  readonly log: Log;
}

/**
 * Reads over a replica of the database, which may be behind: a read begins once its own session has seen all that this
 * process knows to be stored. Where that takes too long, or the replica cannot be read, the primary is.
 */
export class Replica implements AsyncDisposable {
  readonly #primary: ReplicaOptions['primary'];
  readonly #storedIndex: () => number;
  readonly #log: Log;
  readonly #readers: PostgresReaders;
  /** The stored index that each session has seen. A session stays with one server, so it never sees less later. */
  readonly #seen = new WeakMap<object, number>();
  /** Of the primary: null until it is known, and never another one later. */
  #journalId: string | null = null;
  readonly #restsDown = new Backoff(shortestRestDownMs, longestRestDownMs);
  #restUntilMs = Number.NEGATIVE_INFINITY;
  #isUsed = true;
  #passedOver = 0;

  constructor({ url, primary, storedIndex, log }: ReplicaOptions) {
    this.#primary = primary;
    this.#storedIndex = storedIndex;
    this.#log = log;
    this.#readers = new PostgresReaders(
      url,
      () => {},
      (query, session) => this.#caughtUp(query, session),
    );
  }

  readonly read: Query = (...asked) => this.#ask('read', asked);
  readonly lookUp: Query = (...asked) => this.#ask('lookUp', asked);

  /** Whether the last read was one of the replica. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** The number of reads that the primary answered instead. */
  get passedOver(): number {
    return this.#passedOver;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#readers[Symbol.asyncDispose]();
  }

  async #ask(kind: 'read' | 'lookUp', asked: Parameters<Query>): ReturnType<Query> {
    const isResting = performance.now() < this.#restUntilMs;
    // Its tables may be older than this process until the primary's are up to date.
    if (!isResting && this.#primary.isOpen) {
      try {
        const rows = await this.#readers[kind](...asked);
        this.#answered();
        return rows;
      } catch (error) {
        if (isOfStatement(error)) throw asUnavailable(error);
        this.#rest(error);
      }
    }
    this.#passedOver += 1;
    return this.#primary[kind](...asked);
  }

  #answered(): void {
    if (this.#isUsed) return;
    this.#isUsed = true;
    this.#restsDown.reset();
    this.#log.info('The read replica is used again.');
  }

  #rest(error: unknown): void {
    const restMs = error instanceof Behind ? restBehindMs : this.#restsDown.next();
    this.#restUntilMs = performance.now() + restMs;
    if (this.#isUsed) {
      this.#log.warn(
        { reason: messageOf(error) },
        'The read replica is passed over: queries go to the primary.',
      );
    }
    this.#isUsed = false;
  }

  /** A replica that has none yet is behind. @throws OtherDatabase */
  async #checkJournal(query: Query): Promise<void> {
    const its = await readJournalId(query);
    if (its === null) return;
    this.#journalId ??= await readJournalId(this.#primary.lookUp);
    if (its === this.#journalId) return;
    throw new OtherDatabase(
      `DATABASE_READ_URL names a database of the journal ${its}, DATABASE_URL one of ${this.#journalId ?? 'none'}.`,
    );
  }

  /** @throws Behind, OtherDatabase */
  async #caughtUp(query: Query, session: object): Promise<void> {
    if (!this.#seen.has(session)) await this.#checkJournal(query);
    const wanted = this.#storedIndex();
    const deadline = performance.now() + maxWaitMs;
    for (let pauseMs = shortestPauseMs; (this.#seen.get(session) ?? -1) < wanted; pauseMs *= 2) {
      const [row] = await query('SELECT stored_index FROM journal_state');
      const seen = Number(row?.[0] ?? -1);
      this.#seen.set(session, seen);
      if (seen >= wanted) return;
      if (performance.now() + pauseMs > deadline) {
        throw new Behind(`It has events up to index ${seen}, the primary up to ${wanted}.`);
      }
      await setTimeout(pauseMs);
    }
  }
}

const readJournalId = async (query: Query): Promise<string | null> =>
  (await query('SELECT journal_id FROM journal_state'))[0]?.[0] ?? null;

/** Whether the primary would answer the same, or spend as much time on it: the values, a limit, the statement's time. */
function isOfStatement(error: unknown): boolean {
  const state = sqlState(error) ?? '';
  return error instanceof CostLimit || state === cancelled || /^(22|54)/.test(state);
}
