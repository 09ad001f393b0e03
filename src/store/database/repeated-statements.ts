import type { PreparedStatement } from './connection.ts';

/** Every session of a pool keeps its prepared statements; others are only watched for a repetition. */
const maxPrepared = 50;
const maxWatched = 500;

/** Names the repeated statements, so that a session parses each of them once. */
export class RepeatedStatements {
  readonly #prepared = new Map<string, PreparedStatement>();
  readonly #seen = new Set<string>();

  /** The named statement where it was seen before, else the SQL itself. */
  known(text: string): string | PreparedStatement {
    const known = this.#prepared.get(text);
    if (known !== undefined) return known;
    if (this.#prepared.size === maxPrepared) return text;
    if (!this.#seen.delete(text)) {
      if (this.#seen.size === maxWatched) this.#seen.clear();
      this.#seen.add(text);
      return text;
    }
    const statement = { name: `tidings_read_${this.#prepared.size}`, text };
    this.#prepared.set(text, statement);
    return statement;
  }
}
