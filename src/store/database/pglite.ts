import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { PGlite, types as PgliteTypes } from '@electric-sql/pglite';
import type { PrismaClient } from '../generated/client.ts';
import type { Connection, Parameter, Query, Transaction } from './connection.ts';
import { hasCode, lockDirectory } from './directory-lock.ts';
import { ConnectionError, DiskFull, isRefusal } from './outage.ts';
import { createOnce } from './pglite-creation.ts';
import { PgliteThread } from './pglite-thread.ts';
import { PgliteUpkeep } from './pglite-upkeep.ts';
import { StatementQueue } from './statement-queue.ts';
import { inTransaction } from './transaction.ts';

/** text[] and integer[], which a PGlite itself reads only once it has asked its database for the types that there are. */
const textList = 1009;
const integerList = 1007;

/** PostgreSQL makes its log in files of 16 MB: with less room than for one, a statement may fail because of the full disk. */
const bytesNeeded = 17 * 2 ** 20;

/** A disk that was full is usable again with this: room for one file of the log and some events. */
const bytesToGoOn = 32 * 2 ** 20;

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

const fullDisk = (directory: string, cause?: unknown): DiskFull =>
  new DiskFull(`The disk of the data directory ${directory} is full: make room on it`, { cause });

/**
 * PostgreSQL in a thread of this process, with its files under a directory that no other process may use. There is one
 * session, which does one statement after another.
 */
export class PgliteConnection implements Connection {
  readonly #directory: string;
  readonly #lock: AsyncDisposable;
  readonly #lost: (error: Error) => void;
  readonly #upkeep: PgliteUpkeep;
  readonly #queue = new StatementQueue(() => this.#thread?.cancel());
  #thread: PgliteThread | null = null;
  #wasFull = false;
  #closed = false;

  private constructor(directory: string, lock: AsyncDisposable, lost: (error: Error) => void) {
    this.#directory = directory;
    this.#lock = lock;
    this.#lost = lost;
    this.#upkeep = new PgliteUpkeep(this.write);
  }

  /**
   * @param lost called when the database ends by itself; the next statement starts it anew
   * @throws Error with a sentence when another process has the directory
   */
  static async open(directory: string, lost: (error: Error) => void): Promise<PgliteConnection> {
    const lock = await lockDirectory(directory).catch((error: unknown) => {
      throw hasCode(error, 'ENOSPC') ? fullDisk(directory, error) : error;
    });
    const files = join(directory, 'pgdata');
    try {
      await createOnce(files);
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw hasCode(error, 'ENOSPC') ? fullDisk(directory, error) : error;
    }
    return new PgliteConnection(files, lock, lost);
  }

  readonly #run: Query = (statement, parameters) =>
    this.#explaining(async () => queryOf(this.#running())(statement, parameters));

  readonly read: Query = (statement, parameters, caller) =>
    this.#queue.read(() => this.#run(statement, parameters), caller);

  /** The gateway's own are quick, and feeds wait for them: they go with the writes. */
  readonly lookUp: Query = (statement, parameters, caller) =>
    caller === undefined
      ? this.write(statement, parameters)
      : this.read(statement, parameters, caller);

  readonly write: Query = (statement, parameters) =>
    this.#queue.write(() => this.#run(statement, parameters));

  transaction<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#queue.transaction(() =>
      this.#explaining(async () => transactionOn(this.#running(), run)),
    );
  }

  maintain<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.transaction(run);
  }

  async check(): Promise<void> {
    if (this.#wasFull && (await freeBytes(this.#directory)) < bytesToGoOn) {
      throw fullDisk(this.#directory);
    }
    await this.write('SELECT 1');
    this.#wasFull = false;
  }

  /** Answers DiskFull where the disk is: PostgreSQL's own errors do not always say so. */
  async #explaining<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (isRefusal(error) || (await freeBytes(this.#directory)) >= bytesNeeded) throw error;
      this.#wasFull = true;
      throw fullDisk(this.#directory, error);
    }
  }

  #running(): PgliteThread {
    if (this.#closed) throw new ConnectionError('The embedded database is closed');
    this.#thread ??= new PgliteThread(this.#directory, (reason) => {
      this.#thread = null;
      if (!this.#closed) this.#lost(reason);
    });
    return this.#thread;
  }

  async prisma(): Promise<PrismaClient> {
    const [{ prismaOverPglite }, { types }] = await Promise.all([
      import('./prisma.ts'),
      import('@electric-sql/pglite'),
    ]);
    return prismaOverPglite(this.#asPglite(types));
  }

  /** As much of a PGlite as Prisma's adapter uses of it. */
  #asPglite(types: typeof PgliteTypes): PGlite {
    const lists = {
      [textList]: (cell: string) => types.arrayParser(cell, (text: string) => text, textList),
      [integerList]: (cell: string) => types.arrayParser(cell, Number, integerList),
    };
    const query = async (
      text: string,
      parameters: Parameter[] = [],
      { parsers = {} }: { parsers?: Record<number, (cell: string) => unknown> } = {},
    ) => {
      const request = { kind: 'query', statement: text, parameters } as const;
      const result = await this.#queue.read(async () => this.#running().ask(request));
      const parse = (cell: string | null, column: number) =>
        types.parseType(cell, result.fields[column]?.dataTypeID ?? 0, { ...lists, ...parsers });
      return { ...result, rows: result.rows.map((row) => row.map(parse)) };
    };
    return { query } as unknown as PGlite;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#upkeep[Symbol.dispose]();
    // Earlier statements are still answered.
    await this.#queue.transaction(async () => {
      this.#closed = true;
    });
    await this.#thread?.end();
    await this.#lock[Symbol.asyncDispose]();
  }
}

const queryOf =
  (thread: PgliteThread): Query =>
  async (statement, parameters = []) =>
    (await thread.ask({ kind: 'query', statement, parameters: [...parameters] })).rows;

function transactionOn<Result>(
  thread: PgliteThread,
  run: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  const script = async (text: string) => void (await thread.ask({ kind: 'script', text }));
  return inTransaction({ query: queryOf(thread), script }, run);
}
