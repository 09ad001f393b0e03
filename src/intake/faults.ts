import { storable } from '../event/text.ts';
import type { ReportError, ReportErrorCode } from './intake.ts';

/** What PostgreSQL keeps in one entry of an index, short of its 2,700 bytes: names are looked up by indexes. */
const maxNameBytes = 2_600;

/** Gathers everything that is wrong with one draft, and says what is good text. */
export class Faults {
  readonly #errors: ReportError[] = [];

  /** Null while nothing is wrong. */
  get errors(): readonly ReportError[] | null {
    return this.#errors.length === 0 ? null : this.#errors;
  }

  add(path: readonly string[], code: ReportErrorCode, message: string): void {
    this.#errors.push({ path, code, message });
  }

  /** A text that PostgreSQL can keep: a NUL is refused, half of a surrogate pair replaced. */
  storable(path: readonly string[], text: string): string {
    const kept = storable(text);
    if (kept !== null) return kept;
    this.add(
      path,
      'INVALID',
      'It holds the character U+0000, which cannot be stored: leave it out.',
    );
    return text;
  }

  /** A text of 1 to `max` characters that can be stored. */
  name(path: readonly string[], text: string, max: number): string {
    const characters = text.length > max ? [...text].length : text.length;
    // A UTF-16 unit is at most 3 bytes of UTF-8.
    const bytes = text.length * 3 > maxNameBytes ? Buffer.byteLength(text) : 0;
    if (characters === 0) {
      this.add(path, 'INVALID', `It is empty: give 1 to ${max} characters, or leave it out.`);
    } else if (characters > max) {
      this.add(path, 'TOO_LONG', `It has ${characters} characters: give ${max} at most.`);
    } else if (bytes > maxNameBytes) {
      this.add(path, 'TOO_LONG', `It has ${bytes} bytes in UTF-8: give ${maxNameBytes} at most.`);
    }
    return this.storable(path, text);
  }

  /** A text that may be left out; an empty one counts as absent. */
  optional(path: readonly string[], text: string | null | undefined, max: number): string | null {
    return text === undefined || text === null || text === '' ? null : this.name(path, text, max);
  }
}
