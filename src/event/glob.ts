import { InputError, quoted } from './input-error.ts';

// A Unix glob: * is any text, ? any one character, [a-z_] one of a set, [!a-z] one that is not in it. What is
// special stands for itself in brackets: [*]. A ] that comes first in a set belongs to it. Dots are like any other.

/** True for a glob that matches itself alone. */
export const isLiteral = (glob: string): boolean => !/[*?[]/.test(glob);

/**
 * The source of an anchored regular expression that means what the glob means, to JavaScript (with the
 * flags s and u) and to PostgreSQL's `~` alike.
 * @param path the argument that holds the glob, for the error
 * @throws InputError
 */
export function globToRegex(glob: string, path: readonly string[] = []): string {
  return `^${segmentsOf(glob, path).join('.*')}$`;
}

/**
 * A test for strings that match a glob. Its time grows at most with the length of the string times that of the glob:
 * between two stars the first match is as good as any later one, so that none has to be given back.
 * @throws InputError
 */
export function compileGlob(glob: string, path: readonly string[] = []): (text: string) => boolean {
  const [first = '', ...rest] = segmentsOf(glob, path);
  const last = rest.pop();
  if (last === undefined) {
    const whole = new RegExp(`^${first}$`, 'su');
    return (text) => whole.test(text);
  }
  const begin = new RegExp(`^${first}`, 'su');
  const middle = rest.map((segment) => new RegExp(segment, 'gsu'));
  const end = new RegExp(`${last}$`, 'gsu');
  return (text) => {
    let at = begin.exec(text)?.[0].length;
    for (const segment of middle) {
      if (at === undefined) return false;
      at = endOfMatch(segment, text, at);
    }
    return at !== undefined && endOfMatch(end, text, at) !== undefined;
  };
}

/** Where the first match at or behind `from` ends. */
function endOfMatch(regex: RegExp, text: string, from: number): number | undefined {
  regex.lastIndex = from;
  const match = regex.exec(text);
  return match ? match.index + match[0].length : undefined;
}

/** Stars, a question mark, a set (what is behind `!`, or else its members), or a character for itself. */
const token = /\*+|\?|\[(?:!(.[^\]]*)|([^!][^\]]*))\]|./gsu;

/** The regular expressions of the segments between the stars. */
function segmentsOf(glob: string, path: readonly string[]): string[] {
  const segments: string[] = [];
  let segment = '';
  for (const [text, others, members] of glob.matchAll(token)) {
    if (text.startsWith('*')) {
      segments.push(segment);
      segment = '';
    } else if (text === '?') segment += '.';
    else if (others !== undefined) segment += `[^${setOf(others, glob, path)}]`;
    else if (members !== undefined) segment += `[${setOf(members, glob, path)}]`;
    else if (text === '[') throw unclosed(glob, path);
    else segment += text.replace(/[\^$\\.+()\]{}|/]/, '\\$&');
  }
  return [...segments, segment];
}

/** The inside of a regular expression's brackets for that of a glob's. */
function setOf(members: string, glob: string, path: readonly string[]): string {
  return members.replace(/(.)-(.)|./gsu, (text, from?: string, to?: string) => {
    if (from === undefined || to === undefined) return escapeInSet(text);
    if ((from.codePointAt(0) as number) <= (to.codePointAt(0) as number)) {
      return `${escapeInSet(from)}-${escapeInSet(to)}`;
    }
    throw new InputError(
      path,
      `${quoted(glob)} has a range that ends before it begins: ${from}-${to}.`,
    );
  });
}

const escapeInSet = (character: string): string => character.replace(/[\\\]^[-]/, '\\$&');

const unclosed = (glob: string, path: readonly string[]): InputError =>
  new InputError(
    path,
    `${quoted(glob)} has a [ without its ]: close it, or write [[] for a bracket.`,
  );
