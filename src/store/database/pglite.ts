import { join } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import { types } from '@electric-sql/pglite';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import type { Connection, Parameter, Query, Transaction } from './connection.ts';
import { lockDirectory } from './directory-lock.ts';
import { ConnectionError } from './outage.ts';
import { createOnce } from './pglite-creation.ts';
import { PgliteThread } from './pglite-thread.ts';
import { PgliteUpkeep } from './pglite-upkeep.ts';

/** text[], which a PGlite itself reads only once it has asked its database for the types that there are. */
const textList = 1009;
const lists = {
  [textList]: (cell: string): unknown => types.arrayParser(cell, (text: string) => text, textList),
};

/** PostgreSQL in a thread of this process, with its files under a directory that no other process may use. */
export class PgliteConnection implements Connection {
  readonly adapter: PrismaPGlite;
  readonly #directory: string;
  readonly #lock: AsyncDisposable;
  readonly #lost: (error: Error) => void;
  readonly #upkeep: PgliteUpkeep;
  #thread: PgliteThread | null = null;
  /** Settles when whoever has the database to itself is done. */
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(directory: string, lock: AsyncDisposable, lost: (error: Error) => void) {
    this.#directory = directory;
    this.#lock = lock;
    this.#lost = lost;
    this.adapter = new PrismaPGlite(this.#asPglite());
    this.#upkeep = new PgliteUpkeep(this.read);
  }

  /**
   * @param lost told when the database ends by itself; the next statement starts it anew
   * @throws Error with a sentence when another process has the directory
   */
  static async open(directory: string, lost: (error: Error) => void): Promise<PgliteConnection> {
    const lock = await lockDirectory(directory);
    const files = join(directory, 'pgdata');
    try {
      await createOnce(files);
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
    return new PgliteConnection(files, lock, lost);
  }

  readonly read: Query = async (statement, parameters) => {
    await this.#noTransaction();
    return queryOf(this.#running())(statement, parameters);
  };

  /** There is one session, which does one statement after another. */
  readonly lookUp: Query = this.read;
  readonly write: Query = this.read;

  async transaction<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    const before = this.#turn;
    let done = () => {};
    this.#turn = new Promise((resolve) => {
      done = resolve;
    });
    await before;
    try {
      return await transactionOn(this.#running(), run);
    } finally {
      done();
    }
  }

  async #noTransaction(): Promise<void> {
    let waited: Promise<void> | null = null;
    while (waited !== this.#turn) {
      waited = this.#turn;
      await waited;
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

  /** As much of a PGlite as Prisma's adapter uses of it. */
  #asPglite(): PGlite {
    const query = async (
      text: string,
      parameters: Parameter[] = [],
      { parsers = {} }: { parsers?: Record<number, (cell: string) => unknown> } = {},
    ) => {
      await this.#noTransaction();
      const result = await this.#running().ask({ kind: 'query', statement: text, parameters });
      const parse = (cell: string | null, column: number) =>
        types.parseType(cell, result.fields[column]?.dataTypeID ?? 0, { ...lists, ...parsers });
      return { ...result, rows: result.rows.map((row) => row.map(parse)) };
    };
    return { query } as unknown as PGlite;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#upkeep[Symbol.dispose]();
    await this.#turn;
    await this.#thread?.end();
    await this.#lock[Symbol.asyncDispose]();
  }
}

const queryOf =
  (thread: PgliteThread): Query =>
  async (statement, parameters = []) =>
    (await thread.ask({ kind: 'query', statement, parameters: [...parameters] })).rows;

async function transactionOn<Result>(
  thread: PgliteThread,
  run: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  const query = queryOf(thread);
  await query('BEGIN');
  try {
    const script = async (text: string) => void (await thread.ask({ kind: 'script', text }));
    const result = await run({ query, script });
    await query('COMMIT');
    return result;
  } catch (error) {
    await query('ROLLBACK');
    throw error;
  }
}
