import { readFile } from 'node:fs/promises';
import { actionError, usageError } from './exit-code.ts';
import { writeFileAtomically } from './write-file.ts';

/** A place in a journal: everything up to the index is done. */
export interface Position {
  readonly index: number;
  readonly journalId: string;
}

/** The file in which `follow --state` keeps how far it got. */
export class StateFile {
  readonly path: string;
  #saved: Position | null = null;

  constructor(path: string) {
    this.path = path;
  }

  /** @returns null where there is no file yet. @throws CommandError where it is another file */
  async read(): Promise<Position | null> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw usageError(`${this.path} cannot be read: ${(cause as Error).message}`, cause);
    }
    this.#saved = positionOf(text);
    if (this.#saved !== null) return this.#saved;
    throw usageError(`${this.path} is not a state of tidings follow: name another file.`);
  }

  /** Resolves once the position would survive a loss of power. @throws CommandError */
  async save({ index, journalId }: Position): Promise<void> {
    if (this.#saved?.index === index && this.#saved.journalId === journalId) return;
    try {
      await writeFileAtomically(this.path, `${JSON.stringify({ journalId, index })}\n`, 0o644);
    } catch (cause) {
      const reason = (cause as Error).message;
      throw actionError(`The state cannot be written to ${this.path}: ${reason}`, cause);
    }
    this.#saved = { index, journalId };
  }
}

function positionOf(text: string): Position | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const { index, journalId } = (json ?? {}) as { index?: unknown; journalId?: unknown };
  const isPosition =
    typeof index === 'number' && Number.isSafeInteger(index) && typeof journalId === 'string';
  return isPosition ? { index, journalId } : null;
}
