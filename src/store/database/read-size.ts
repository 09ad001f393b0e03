import { CostLimit } from '../../runtime/unavailable.ts';
import type { Query, Row } from './connection.ts';
import type { StatementCaller } from './statement-queue.ts';

/** How much the reads of one operation have answered. */
export class ReadSize {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(rows: readonly Row[]): void {
    for (const row of rows) for (const cell of row) this.#bytes += cell?.length ?? 0;
  }

  /** @throws CostLimit */
  check(): void {
    const maxAnswerBytes = this.#maxBytes;
    if (this.#bytes <= maxAnswerBytes) return;
    throw new CostLimit(
      `The operation reads more than ${maxAnswerBytes} bytes: ask for fewer events, or for fewer of their fields.`,
      { maxAnswerBytes },
    );
  }
}

/** Reads of a caller, whose size is bounded where one is given: once it is too large, nothing more is read. */
export function readOf(
  read: Query,
  caller: StatementCaller | undefined,
  size: ReadSize | null,
): Query {
  if (size === null) return (statement, parameters) => read(statement, parameters, caller);
  return (statement, parameters) => {
    size.check();
    return read(statement, parameters, caller).then((rows) => {
      size.add(rows);
      size.check();
      return rows;
    });
  };
}
