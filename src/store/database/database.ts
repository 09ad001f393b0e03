import { Backoff, pause } from '../../runtime/backoff.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import type { PrismaClient } from '../generated/client.ts';
import { AnswerWatch } from './answer-watch.ts';
import type { Connection, Query, Transaction } from './connection.ts';
import { migrate } from './migrator.ts';
import {
  asUnavailable,
  driverErrorOf,
  InUse,
  type Outage,
  outageOf,
  sentenceOf,
} from './outage.ts';

export interface DatabaseOptions {
  /** A postgres:// URL; null keeps the database as files under the data directory, in this process. */
  readonly databaseUrl: string | null;
  readonly dataDirectory: string;
  /**
   * True where no other process may write to the database: the embedded journal. A second one is rejected.
   * A data directory is always exclusive.
   */
  readonly exclusive: boolean;
  readonly log: Log;
  /** The size up to which a table of events becomes a partition when the gateway starts; a larger one does while it runs. */
  readonly maxQuickBytes?: number;
}

/** Pauses between attempts to reach a database that is unreachable. */
const shortestPauseMs = 100;
const longestPauseMs = 5_000;

/** A database that has answered for this long has recovered. */
const stableMs = 30_000;

/** A writer that answers nothing for this time is not ready. */
const maxSilenceMs = 5_000;

/** How often a server that nothing is written to is asked whether it answers. */
const probeIntervalMs = 2_000;

/** A database whose tables are up to date. Everything rejects with Unavailable while it is down. */
export class Database implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #prepare: (write: Query) => Promise<void>;
  readonly #log: Log;
  readonly #maxQuickBytes: number | undefined;
  readonly #closing = new AbortController();
  readonly #backoff = new Backoff(shortestPauseMs, longestPauseMs);
  readonly #answers = new AnswerWatch(maxSilenceMs);
  readonly #probe: NodeJS.Timeout | undefined;
  #recoveredAtMs = Number.NEGATIVE_INFINITY;
  #prisma: Promise<PrismaClient> | null = null;
  #migrated = false;
  #healthReason: string | null = null;
  #recovery: Promise<void> | null = null;

  private constructor(
    connection: Connection,
    prepare: (write: Query) => Promise<void>,
    { databaseUrl, log, maxQuickBytes }: DatabaseOptions,
  ) {
    this.#connection = connection;
    this.#prepare = prepare;
    this.#log = log;
    this.#maxQuickBytes = maxQuickBytes;
    // The embedded database has no network to lose, and a write would interrupt its reads.
    if (databaseUrl !== null) {
      this.#probe = setInterval(() => this.#probeWriter(), probeIntervalMs).unref();
    }
  }

  /**
   * Opens the database and brings its tables up to date. Where a server does not answer, it goes on trying.
   * @param prepare what is left to do before anything else reads or writes
   * @throws Error with a sentence when another process has the database, or its tables cannot be brought up to date
   */
  static async open(
    options: DatabaseOptions,
    prepare: (write: Query) => Promise<void>,
  ): Promise<Database> {
    const { databaseUrl } = options;
    let database: Database | null = null;
    const lost = (error: Error) => {
      if (database) database.#lost(error);
    };
    const connection = await connect(options, lost);
    database = new Database(connection, prepare, options);
    try {
      await database.#migrate();
    } catch (error) {
      const outage = databaseUrl === null || error instanceof InUse ? null : outageOf(error);
      if (outage === null) {
        await database[Symbol.asyncDispose]();
        throw error;
      }
      database.#failed(outage);
    }
    return database;
  }

  /** Whether its tables have been brought up to date. */
  get isOpen(): boolean {
    return this.#migrated;
  }

  /** Reads; see Connection. */
  readonly read: Query = (statement, parameters, caller) =>
    this.#guarded(() => this.#connection.read(statement, parameters, caller));

  /** Looks up; see Connection. */
  readonly lookUp: Query = (statement, parameters, caller) =>
    this.#guarded(() => this.#connection.lookUp(statement, parameters, caller));

  /** Writes, one after another; see Connection. */
  readonly write: Query = (statement, parameters) =>
    this.#writing(() => this.#connection.write(statement, parameters));

  transaction<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#writing(() => this.#connection.transaction(run));
  }

  /** Changes tables; see Connection. */
  maintain<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#guarded(() => this.#connection.maintain(run));
  }

  /** Asks in Prisma's own terms. */
  ask<Result>(question: (prisma: PrismaClient) => Promise<Result>): Promise<Result> {
    return this.#guarded(async () => {
      // On first use: an idle gateway saves the memory that it takes.
      this.#prisma ??= this.#connection.prisma();
      const prisma = await this.#prisma;
      return question(prisma).catch((error: unknown) => {
        throw driverErrorOf(error);
      });
    });
  }

  /** Asks for rows of a table. Where it is empty, Prisma is not loaded for that: it takes tens of megabytes. */
  async list<Row>(
    table: 'sinks' | 'alarm_rules' | 'silences' | 'tokens',
    question: (prisma: PrismaClient) => Promise<readonly Row[]>,
  ): Promise<readonly Row[]> {
    const isEmpty =
      this.#prisma === null && (await this.lookUp(`SELECT FROM ${table} LIMIT 1`)).length === 0;
    return isEmpty ? [] : this.ask(question);
  }

  /** Null while the database answers, else the reason why not, as a sentence. */
  healthReason(): string | null {
    return this.#healthReason ?? this.#answers.healthReason();
  }

  #writing<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#guarded(() => this.#answers.during(work));
  }

  #probeWriter(): void {
    if (!this.#migrated || this.#recovery !== null || !this.#answers.idle) return;
    // A failure begins the recovery, which logs it.
    this.write('SELECT 1').catch(() => {});
  }

  async #guarded<Result>(work: () => Promise<Result>): Promise<Result> {
    if (!this.#migrated)
      throw new Unavailable(this.#healthReason ?? 'The database is being opened.');
    try {
      return await work();
    } catch (error) {
      const outage = outageOf(error);
      if (outage !== null) this.#failed(outage);
      throw asUnavailable(error);
    }
  }

  #lost(error: Error): void {
    this.#failed(outageOf(error) ?? { reason: error.message, unreachable: true });
  }

  #failed(outage: Outage): void {
    if (!outage.unreachable || this.#closing.signal.aborted) return;
    this.#healthReason = sentenceOf(outage);
    this.#recovery ??= this.#recover().finally(() => {
      this.#recovery = null;
    });
  }

  async #recover(): Promise<void> {
    // An outage that comes back at once is the same one: its pauses go on growing.
    const isNew = performance.now() - this.#recoveredAtMs > stableMs;
    if (isNew) this.#backoff.reset();
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const pauseMs = this.#backoff.next();
      this.#log.warn({ pauseMs }, `${this.#healthReason} Trying again after a pause.`);
      await pause(pauseMs, signal);
      if (signal.aborted) return;
      try {
        await this.#check();
        this.#healthReason = null;
        this.#recoveredAtMs = performance.now();
        this.#log.info('The database answers again.');
        return;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#healthReason = sentenceOf(outageOf(error) ?? { reason, unreachable: true });
      }
    }
  }

  async #check(): Promise<void> {
    if (this.#migrated) await this.#connection.check();
    else await this.#migrate();
  }

  async #migrate(): Promise<void> {
    await migrate(this.#connection, this.#log, this.#maxQuickBytes);
    await this.#prepare(this.#connection.write);
    this.#migrated = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#probe);
    await this.#recovery;
    await (await this.#prisma)?.$disconnect();
    await this.#connection[Symbol.asyncDispose]();
  }
}

/** Each driver is loaded where it is used. */
async function connect(
  { databaseUrl, dataDirectory, exclusive }: DatabaseOptions,
  lost: (error: Error) => void,
): Promise<Connection> {
  if (databaseUrl === null) {
    const { PgliteConnection } = await import('./pglite.ts');
    return PgliteConnection.open(dataDirectory, lost);
  }
  const { PostgresConnection } = await import('./postgres.ts');
  return new PostgresConnection(databaseUrl, exclusive, lost);
}
