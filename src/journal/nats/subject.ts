import type { Report } from '../../event/event.ts';

/** Bytes of one token at most: three of them and a reply subject stay within the 4096 of NATS's control line. */
const longestToken = 512;

const special = /[\s.*>%\p{C}\p{Z}]/u;
const eachSpecial = /[\s.*>%\p{C}\p{Z}]/gu;

/**
 * A string as one token of a NATS subject. White space, `.`, `*`, `>`, `%` and whatever does not print are
 * written as %XX, a byte of UTF-8 each; an empty string is `-`, and the string `-` is `%2D`. A token longer than
 * 512 bytes is cut and ends in `%`: only then is the string not in the token.
 */
export function subjectToken(text: string): string {
  if (text === '') return '-';
  if (text === '-') return '%2D';
  const token = special.test(text) ? text.replace(eachSpecial, percentEncoded) : text;
  // One UTF-16 unit is at most three bytes of UTF-8.
  return token.length * 3 > longestToken ? cut(token) : token;
}

/** The string that a token was made of; null when it was cut, or is not ours. */
export function textOfToken(token: string): string | null {
  if (token === '-') return '';
  if (token.endsWith('%')) return null;
  try {
    return decodeURIComponent(token);
  } catch {
    return null;
  }
}

/** The subject of a report: `<prefix>.events.<namespace>.<category>.<action>`. */
export function reportSubject(prefix: string, { namespace, category, action }: Report): string {
  return `${prefix}.events.${subjectToken(namespace)}.${subjectToken(category)}.${subjectToken(action ?? '')}`;
}

function percentEncoded(character: string): string {
  const bytes = [...Buffer.from(character)];
  return bytes.map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

function cut(token: string): string {
  if (Buffer.byteLength(token) <= longestToken) return token;
  let kept = '';
  let length = 1;
  // An escape stays whole, and so does a character.
  for (const piece of token.match(/%[0-9A-F]{2}|./gsu) ?? []) {
    length += Buffer.byteLength(piece);
    if (length > longestToken) break;
    kept += piece;
  }
  return `${kept}%`;
}
