import { InputError } from './input-error.ts';

/** Quick to search for, and rare: NUL and halves of characters, which PostgreSQL cannot keep. */
const suspicious = /[\0\ud800-\udfff]/;

/** The text as it can be kept: halves of surrogate pairs become U+FFFD. Null where it holds a NUL. */
export function storable(text: string): string | null {
  if (!suspicious.test(text)) return text;
  return text.includes('\0') ? null : text.replace(/\p{Surrogate}/gu, '\ufffd');
}

/** A caller's text as it can be kept. @throws InputError */
export function parseText(text: string, path: readonly string[]): string {
  const kept = storable(text);
  if (kept === null) throw new InputError(path, 'A text must not hold the character NUL (U+0000).');
  return kept;
}
