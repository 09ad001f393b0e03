import type { PrismaClient } from '../generated/client.ts';
import type { StatementCaller } from './statement-queue.ts';

/** The values of a statement's $1, $2, ... */
export type Parameter = string | number | boolean | null | readonly string[];

/** Every cell as PostgreSQL's own text of it. */
export type Row = readonly (string | null)[];

/** A statement that is run so often that a session prepares it once, under a name that is its alone. */
export interface PreparedStatement {
  readonly name: string;
  readonly text: string;
}

export type Query = (
  statement: string | PreparedStatement,
  parameters?: readonly Parameter[],
  caller?: StatementCaller,
) => Promise<readonly Row[]>;

export interface Transaction {
  readonly query: Query;
  /** Runs any number of statements, for as long as they take. */
  script(text: string): Promise<void>;
}

/** A way to reach a database. Errors are the driver's own: see outage.ts. */
export interface Connection extends AsyncDisposable {
  /** Prisma over this connection; loaded when it is first needed. */
  prisma(): Promise<PrismaClient>;

  /** Runs statements that read, many at a time where the database can. */
  readonly read: Query;

  /**
   * Reads what is found by going along an index, many at a time: such statements are planned once for all values, as
   * planning them takes longer than running them.
   */
  readonly lookUp: Query;

  /** Runs statements that write, one after another, all in the one session that may. */
  readonly write: Query;

  /** Resolves when the database answers, and where its disk was full, has room again. */
  check(): Promise<void>;

  /** Runs statements that write as one; rolls back and rejects when `run` rejects. */
  transaction<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result>;

  /** The same, with a session of its own where the database can have one: what takes long, or waits for locks, holds up no writer. */
  maintain<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result>;
}
