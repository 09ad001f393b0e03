import { quoted } from '../event/input-error.ts';

/** Characters of one message in an answer to a bad request. */
const maxMessageLength = 300;
/** Names of one path in such an answer, and their characters in all. */
const maxPathNames = 64;
const maxPathLength = 300;

/** Everything that JSON would write as six bytes. */
const escaped = /[\p{Cc}\p{Surrogate}]/gu;

/** A message that may quote what a client sent, cut to 300 characters. */
export function shortMessage(message: string): string {
  const cut =
    message.length <= maxMessageLength ? message : `${message.slice(0, maxMessageLength - 3)}...`;
  return cut.replace(escaped, '\ufffd');
}

/** The first names of a path, which a client may have chosen. */
export function shortPath(path: readonly string[]): readonly string[] {
  const names: string[] = [];
  let lengthLeft = maxPathLength;
  for (const name of path.slice(0, maxPathNames)) {
    if (name.length > lengthLeft) return [...names, shortMessage(name.slice(0, lengthLeft))];
    names.push(shortMessage(name));
    lengthLeft -= name.length;
  }
  return names;
}

/** A value of a client's inside a sentence, however large it is. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
