/** Matches one character of a string; null for any number of any characters. */
type CharacterTest = ((character: string) => boolean) | null;

/**
 * Python's fnmatch.fnmatchcase: `*` and `?` match anything, dots included; [seq] and [!seq]; an
 * unclosed [ is itself. Its time grows at worst with the string's length times the pattern's.
 */
export function glob(pattern: string): (text: string) => boolean {
  if (!/[*?[]/.test(pattern)) return (text) => text === pattern;
  const parts = partsOf(pattern);
  return (text) => matches(parts, [...text]);
}

/** After a star the nearest match is as good as any, so that only the last star is ever tried again. */
function matches(parts: readonly CharacterTest[], characters: readonly string[]): boolean {
  let star = -1;
  let tried = 0;
  let part = 0;
  for (let at = 0; at < characters.length; ) {
    const test = parts[part];
    if (test === null) {
      star = part++;
      tried = at;
    } else if (test?.(characters[at] ?? '')) {
      part++;
      at++;
    } else if (star >= 0) {
      part = star + 1;
      at = ++tried;
    } else return false;
  }
  return parts.slice(part).every((rest) => rest === null);
}

function partsOf(pattern: string): CharacterTest[] {
  const parts: CharacterTest[] = [];
  for (let at = 0; at < pattern.length; ) {
    const character = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
    at += character.length;
    const end = character === '[' ? closing(pattern, at) : -1;
    if (end >= 0) {
      parts.push(characterClass(pattern.slice(at, end)));
      at = end + 1;
    } else parts.push(single(character));
  }
  return parts;
}

function single(character: string): CharacterTest {
  if (character === '*') return null;
  return character === '?' ? () => true : (other) => other === character;
}

/** Where the class that begins at `at` is closed: a ] at its very beginning belongs to it. */
function closing(pattern: string, at: number): number {
  const first = pattern[at] === '!' ? at + 1 : at;
  return pattern.indexOf(']', pattern[first] === ']' ? first + 1 : first);
}

const member = /(.)-(.)|./gsu;

function characterClass(content: string): CharacterTest {
  const negated = content.startsWith('!');
  const ranges = Array.from(
    content.slice(negated ? 1 : 0).matchAll(member),
    ([alone, from = alone, to = alone]) => [codeOf(from), codeOf(to)] as const,
  );
  return (character) => {
    const code = codeOf(character);
    return ranges.some(([from, to]) => from <= code && code <= to) !== negated;
  };
}

const codeOf = (character: string): number => character.codePointAt(0) ?? 0;
