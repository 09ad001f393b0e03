import type { Json } from './event.ts';
import { InputError } from './input-error.ts';

/** Quick to search for, and rare: NUL and halves of characters, which PostgreSQL cannot keep. */
const suspicious = /[\0\ud800-\udfff]/;

/** The string with U+FFFD for all that PostgreSQL cannot keep: NUL, and halves of surrogate pairs. */
export const replaced = (text: string): string =>
  suspicious.test(text) ? text.replace(/[\0\p{Surrogate}]/gu, '\ufffd') : text;

/** The string as it can be kept: halves of surrogate pairs become U+FFFD. Null where it holds a NUL. */
export const storable = (text: string): string | null =>
  text.includes('\0') ? null : replaced(text);

/** A value as JSON that can be kept: without undefined members, and each string as `replaced` makes it. */
export const storableJson = (value: unknown): Json =>
  JSON.parse(JSON.stringify(value), (_name, member: unknown) =>
    typeof member === 'string' ? replaced(member) : member,
  ) as Json;

/** Bytes of UTF-8 that PostgreSQL keeps in one entry of an index, short of its 2,700: names are looked up by indexes. */
export const longestIndexed = 2_600;

/** Whether an index has room for the string. A UTF-16 unit is at most 3 bytes of UTF-8. */
export const fitsIndex = (text: string): boolean =>
  text.length * 3 <= longestIndexed || Buffer.byteLength(text) <= longestIndexed;

/** A caller's string as it can be kept. @throws InputError */
export function parseText(text: string, path: readonly string[]): string {
  const kept = storable(text);
  if (kept === null) throw new InputError(path, 'A text must not hold the character NUL (U+0000).');
  return kept;
}
