import type { PreparedStatement } from './connection.ts';

/** Statements that every session of a pool keeps prepared, and texts that are watched for whether they come again. */
const mostPrepared = 50;
const mostWatched = 500;

/** Names the statements that come again, so that a session parses each of them once. */
export class RepeatedStatements {
  readonly #prepared = new Map<string, PreparedStatement>();
  readonly #seen = new Set<string>();

  /** The statement under its name where it has come before, else as it is. */
  known(text: string): string | PreparedStatement {
    const known = this.#prepared.get(text);
    if (known !== undefined) return known;
    if (this.#prepared.size === mostPrepared) return text;
    if (!this.#seen.delete(text)) {
      if (this.#seen.size === mostWatched) this.#seen.clear();
      this.#seen.add(text);
      return text;
    }
    const statement = { name: `tidings_read_${this.#prepared.size}`, text };
    this.#prepared.set(text, statement);
    return statement;
  }
}
