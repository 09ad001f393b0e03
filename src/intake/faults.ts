import { fitsIndex, longestIndexed, storable } from '../event/text.ts';
import type { ReportError, ReportErrorCode } from './intake.ts';

/** A position in a list, or the name of a member. */
type Step = number | string;

/** Faults are given the steps of a path (traits, 0, name), and join them only for a fault: most events have none. */
export const pathOf = (
  field: string,
  ...steps: readonly (Step | undefined)[]
): readonly string[] => [field, ...steps.filter((step) => step !== undefined).map(String)];

/** Errors of one draft. */
const maxErrors = 20;

/** Gathers what is wrong with one draft, 20 errors at most, and checks its strings. */
export class Faults {
  readonly #errors: ReportError[] = [];

  /** Null while nothing is wrong. */
  get errors(): readonly ReportError[] | null {
    return this.#errors.length === 0 ? null : this.#errors;
  }

  add(path: readonly string[], code: ReportErrorCode, message: string): void {
    if (this.#errors.length < maxErrors) this.#errors.push({ path, code, message });
  }

  /** A string that PostgreSQL can keep: a NUL is rejected, half of a surrogate pair replaced. */
  storable(text: string, field: string, step?: Step, member?: Step): string {
    return storable(text) ?? this.storableAt(pathOf(field, step, member), text);
  }

  /** The same, with a path of any length. */
  storableAt(path: readonly string[], text: string): string {
    const kept = storable(text);
    if (kept !== null) return kept;
    this.add(
      path,
      'INVALID',
      'It holds the character U+0000, which cannot be stored: leave it out.',
    );
    return text;
  }

  /** A string of 1 to `max` characters that can be stored. */
  name(text: string, max: number, field: string, step?: Step, member?: Step): string {
    if (text.length === 0 || text.length > max || !fitsIndex(text)) {
      this.#checkLength(text, max, pathOf(field, step, member));
    }
    return this.storable(text, field, step, member);
  }

  #checkLength(text: string, max: number, path: readonly string[]): void {
    const characters = [...text].length;
    if (characters === 0) {
      this.add(path, 'INVALID', `It is empty: give 1 to ${max} characters, or leave it out.`);
    } else if (characters > max) {
      this.add(path, 'TOO_LONG', `It has ${characters} characters: give ${max} at most.`);
    } else if (!fitsIndex(text)) {
      const bytes = Buffer.byteLength(text);
      this.add(path, 'TOO_LONG', `It has ${bytes} bytes in UTF-8: give ${longestIndexed} at most.`);
    }
  }

  /** A string that may be left out; an empty one counts as absent. */
  optional(
    text: string | null | undefined,
    max: number,
    field: string,
    member?: Step,
  ): string | null {
    return text === undefined || text === null || text === ''
      ? null
      : this.name(text, max, field, member);
  }
}
