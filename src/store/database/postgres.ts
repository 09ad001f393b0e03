import pg from 'pg';
import type { PrismaClient } from '../generated/client.ts';
import { queryCells } from '../read/cells-query.ts';
import type { Connection, Query, Transaction } from './connection.ts';
import {
  Busy,
  ConnectionError,
  cancelled,
  diskFull,
  InUse,
  messageOf,
  sqlState,
} from './outage.ts';
import { RepeatedStatements } from './repeated-statements.ts';
import { msLeft, outOfTime, type StatementCaller } from './statement-queue.ts';
import { inTransaction } from './transaction.ts';

/** Also for a free connection of the pool. */
const connectTimeoutMs = 5_000;
const statementTimeoutMs = 30_000;

/** Beyond the server's own limit: for servers that no longer answer at all. */
const answerTimeoutMs = statementTimeoutMs + 5_000;

/** Connections that read, and those that look up, which takes less long. */
const readers = 8;
const lookers = 4;

/** Any number that no one else in the database uses: "tidi". */
const writersLock = 0x7469_6469;

/** A gateway that starts waits this long for one that stops. */
const lockTimeoutMs = 5_000;

const queryOver =
  (client: pg.Pool | pg.PoolClient): Query =>
  async (statement, parameters = []) => {
    const named = typeof statement === 'string' ? { name: '', text: statement } : statement;
    try {
      return await queryCells(client, named, parameters);
    } catch (error) {
      throw ownError(error);
    }
  };

/** Called with a session before it is read over. When it rejects, nothing is read. */
export type Ready = (query: Query, session: object) => Promise<void>;

/** Prepares statements that are repeated. */
function repeatedlyOver(pool: pg.Pool, timed: TimedReads, ready: Ready | null): Query {
  const query = queryOver(pool);
  const repeated = new RepeatedStatements();
  return (statement, parameters, caller) => {
    const known = typeof statement === 'string' ? repeated.known(statement) : statement;
    const read = (client: pg.PoolClient) => queryOver(client)(known, parameters);
    if (caller?.maxBusyMs !== undefined || caller?.maxReadMs !== undefined) {
      return timed.read(pool, caller, read, ready);
    }
    return ready === null ? query(known, parameters) : readyOver(pool, ready, read);
  };
}

async function readyOver<Result>(
  pool: pg.Pool,
  ready: Ready,
  read: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await connectTo(pool, ready);
  let broken = false;
  try {
    return await read(client);
  } catch (error) {
    broken = error instanceof ConnectionError;
    throw error;
  } finally {
    client.release(broken);
  }
}

/** A session of the pool that is ready to be read over. */
async function connectTo(pool: pg.Pool, ready: Ready | null): Promise<pg.PoolClient> {
  const client = await pool.connect().catch((error) => {
    throw ownError(error);
  });
  try {
    await ready?.(queryOver(client), client);
    return client;
  } catch (error) {
    client.release(error instanceof ConnectionError);
    throw error;
  }
}

/** Reads of callers whose time is limited: those of one caller run one after another, so that their times add up. */
class TimedReads {
  readonly #usages = new WeakMap<StatementCaller, { busyMs: number; last: Promise<unknown> }>();

  /** @throws CostLimit */
  read<Result>(
    pool: pg.Pool,
    caller: StatementCaller,
    run: (client: pg.PoolClient) => Promise<Result>,
    ready: Ready | null,
  ): Promise<Result> {
    const usage = this.#usages.get(caller) ?? { busyMs: 0, last: Promise.resolve() };
    this.#usages.set(caller, usage);
    const result = usage.last.then(async () => {
      const leftMs = msLeft(caller, usage.busyMs);
      if (leftMs <= 0) throw outOfTime(caller);
      const client = await connectTo(pool, ready);
      const begin = performance.now();
      try {
        return await this.#within(client, Math.min(leftMs, statementTimeoutMs), () => run(client));
      } catch (error) {
        const tookMs = performance.now() - begin;
        throw sqlState(error) === cancelled && tookMs >= leftMs ? outOfTime(caller) : error;
      } finally {
        usage.busyMs += performance.now() - begin;
      }
    });
    usage.last = result.catch(() => {});
    return result;
  }

  async #within<Result>(
    client: pg.PoolClient,
    timeoutMs: number,
    run: () => Promise<Result>,
  ): Promise<Result> {
    let broken: Error | undefined;
    try {
      await set(client, [`SET statement_timeout = ${Math.max(1, Math.ceil(timeoutMs))}`]);
      return await run();
    } finally {
      await set(client, [`SET statement_timeout = ${statementTimeoutMs}`]).catch((error) => {
        broken = error as Error;
      });
      client.release(broken);
    }
  }
}

/** The message of pg-pool when no connection of the pool becomes free in time. */
const noneFree = 'timeout exceeded when trying to connect';

/** Takes a megabyte of the disk for a moment. */
const takeRoom = `CREATE TEMPORARY TABLE tidings_room AS
  SELECT string_agg(md5(n::text), '') AS filling FROM generate_series(1, 32768) AS n GROUP BY n / 32`;

/** An error that is not the database's own is a failure to reach it. */
function ownError(error: unknown): unknown {
  if (error instanceof pg.DatabaseError || error instanceof InUse) return error;
  const message = messageOf(error);
  if (message === noneFree) {
    return new Busy('The database has too much to do to answer in time', { cause: error });
  }
  return new ConnectionError(message, { cause: error });
}

/** How sessions of a server are opened. */
interface Sessions {
  readonly config: pg.PoolConfig;
  /** Null for the default. */
  readonly schema: string | null;
  /** SQL that each begins with. */
  readonly settings: readonly string[];
}

function sessionsOf(url: string): Sessions {
  const schema = schemaOf(url);
  return {
    schema,
    config: {
      connectionString: url,
      application_name: 'tidings',
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: answerTimeoutMs,
      keepAlive: true,
    },
    // Not as parameters of the connection, which poolers reject. Compiling a statement takes PostgreSQL longer than
    // running it, be it an aggregate of a million rows or the counts of a few.
    settings: [
      `SET statement_timeout = ${statementTimeoutMs}`,
      `SET TimeZone = 'UTC'`,
      'SET jit = off',
      ...(schema === null ? [] : [`SET search_path = "${schema}"`]),
    ],
  };
}

/**
 * A session that ends between two statements of whoever has it fails the second. The error of the first moment, which nobody
 * waits for, would end the process.
 */
function openPool(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool(config);
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** A PostgreSQL server that is read: a pool that reads, and one that looks up. */
export class PostgresReaders implements AsyncDisposable {
  readonly read: Query;
  readonly lookUp: Query;
  readonly pool: pg.Pool;
  readonly #pools: readonly pg.Pool[];

  /** @param lost called when an idle connection ends */
  constructor(url: string, lost: (error: Error) => void, ready: Ready | null = null) {
    const { config, settings } = sessionsOf(url);
    const readingPool = (max: number, plans: readonly string[]) =>
      openPool({
        ...config,
        max,
        idleTimeoutMillis: 60_000,
        onConnect: (client) => set(client, [...settings, ...plans]),
      });
    this.pool = readingPool(readers, plansForReading);
    const lookUps = readingPool(lookers, plansForLookingUp);
    const timed = new TimedReads();
    this.read = repeatedlyOver(this.pool, timed, ready);
    this.lookUp = repeatedlyOver(lookUps, timed, ready);
    this.#pools = [this.pool, lookUps];
    for (const pool of this.#pools) pool.on('error', lost);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.end()));
  }
}

/** A PostgreSQL server: pools that read, and one session that writes. */
export class PostgresConnection implements Connection {
  readonly read: Query;
  readonly lookUp: Query;
  readonly #readers: PostgresReaders;
  readonly #writes: pg.Pool;
  readonly #schema: string | null;
  #wasFull = false;

  /**
   * @param exclusive whether the session that writes must be the only one of any process: it holds a lock of the
   *   database, which ends with it, so that every write proves that the lock is held
   * @param lost called when an idle connection ends
   */
  constructor(url: string, exclusive: boolean, lost: (error: Error) => void) {
    const { config, schema, settings } = sessionsOf(url);
    this.#readers = new PostgresReaders(url, lost);
    this.read = this.#readers.read;
    this.lookUp = this.#readers.lookUp;
    this.#writes = openPool({
      ...config,
      max: 1,
      idleTimeoutMillis: 0,
      onConnect: async (client) => {
        await set(client, [...settings, ...plansForWriting]);
        if (exclusive) await takeWritersLock(client);
      },
    });
    this.#writes.on('error', lost);
    this.#schema = schema;
  }

  async prisma(): Promise<PrismaClient> {
    const { prismaOverPostgres } = await import('./prisma.ts');
    return prismaOverPostgres(this.#readers.pool, this.#schema);
  }

  readonly write: Query = (statement, parameters) =>
    this.#withWriter((client) => queryOver(client)(statement, parameters));

  transaction<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#withWriter((client) => transactionOver(client, run));
  }

  async maintain<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    const client = await this.#readers.pool.connect().catch((error) => {
      throw ownError(error);
    });
    try {
      return await transactionOver(client, run);
    } finally {
      // After an error, a statement may still run in it.
      client.release(true);
    }
  }

  async check(): Promise<void> {
    await this.read('SELECT 1');
    if (!this.#wasFull) return void (await this.write('SELECT 1'));
    await this.write(takeRoom);
    await this.write('DROP TABLE tidings_room');
    this.#wasFull = false;
  }

  /** The one session stays when a statement fails, so that its lock does: it ends only when it is broken. */
  async #withWriter<Result>(work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
    const client = await this.#writes.connect().catch((error) => {
      throw ownError(error);
    });
    let broken = false;
    const breaks = () => {
      broken = true;
    };
    client.on('error', breaks);
    try {
      return await work(client);
    } catch (error) {
      // An answer that did not come in time may still come, for the next statement to trip over.
      if (error instanceof ConnectionError) breaks();
      if (sqlState(error) === diskFull) this.#wasFull = true;
      throw error;
    } finally {
      client.off('error', breaks);
      client.release(broken);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#readers[Symbol.asyncDispose](), this.#writes.end()]);
  }
}

function transactionOver<Result>(
  client: pg.PoolClient,
  run: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  const query = queryOver(client);
  const script = async (text: string) => {
    await query('SET LOCAL statement_timeout = 0');
    // Scripts go through whole tables.
    await query('SET LOCAL enable_seqscan = on');
    await client.query({ text, query_timeout: 2 ** 31 - 1 } as pg.QueryConfig);
  };
  return inTransaction({ query, script }, run);
}

async function takeWritersLock(client: pg.ClientBase): Promise<void> {
  try {
    await client.query(`SET lock_timeout = ${lockTimeoutMs}`);
    await client.query('SELECT pg_advisory_lock($1)', [writersLock]);
    await client.query('RESET lock_timeout');
  } catch (cause) {
    if (!(cause instanceof pg.DatabaseError) || cause.code !== '55P03') throw cause;
    throw new InUse(
      'Another gateway writes to this database: several gateways need both NATS_URL and DATABASE_URL.',
      { cause },
    );
  }
}

const set = async (client: pg.ClientBase, settings: readonly string[]): Promise<void> =>
  void (await client.query(settings.join('; ')));

/** A plan for any tag, or any span of time, is a bad one for most. */
const plansForReading = ['SET plan_cache_mode = force_custom_plan'];

/**
 * Planning takes longer than writing a few events: a statement that is repeated has one plan for all values. It may be made
 * while the tables are empty, and must be right for large ones.
 */
const plansForWriting = ['SET plan_cache_mode = force_generic_plan', 'SET enable_seqscan = off'];

/** The only plan is by an index, in its order where the result is ordered. */
const plansForLookingUp = [
  'SET plan_cache_mode = force_generic_plan',
  ...['seqscan', 'sort'].map((other) => `SET enable_${other} = off`),
];

/** Prisma's own way to name a schema in a URL, `?schema=name`; null for the default. */
function schemaOf(url: string): string | null {
  const schema = URL.canParse(url) ? new URL(url).searchParams.get('schema') : null;
  return schema !== null && /^\w+$/.test(schema) ? schema : null;
}
