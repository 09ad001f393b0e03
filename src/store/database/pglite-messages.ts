import type { messages } from '@electric-sql/pglite';
import type { Parameter, PreparedStatement, Row } from './connection.ts';
import type { Interrupt } from './pglite-interrupt.ts';

/** To the database's thread. Requests are done one after another. */
export type Request = { readonly id: number } & (
  | {
      readonly kind: 'query';
      readonly statement: string | PreparedStatement;
      readonly parameters: Parameter[];
    }
  | { readonly kind: 'script'; readonly text: string }
  | { readonly kind: 'close' }
);

export interface Result {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
  readonly rows: readonly Row[];
  readonly affectedRows: number;
}

/** The database's error; without a code where the error is not its own. */
export interface Failure
  extends Partial<
    Pick<messages.DatabaseError, 'name' | 'code' | 'severity' | 'detail' | 'constraint'>
  > {
  readonly message: string;
  /** Whether the thread cannot go on: a new one recovers the database from its files. */
  readonly fatal: boolean;
}

/** From the database's thread. */
export type Answer = { readonly id: number } & (
  | { readonly result: Result }
  | { readonly failure: Failure }
);

/** From the database's thread, once, when it has started. */
export interface Started {
  readonly interrupt: Interrupt;
}
