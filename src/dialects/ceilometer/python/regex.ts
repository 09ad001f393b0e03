const word = '\\p{L}\\p{N}_';
const blank = '\\s\\x1c-\\x1f\\x85';

const both = {
  d: '\\p{Nd}',
  D: '\\P{Nd}',
  a: '\\x07',
  f: '\\f',
  n: '\\n',
  r: '\\r',
  t: '\\t',
  v: '\\v',
};

/** Python's escapes of one letter, as JavaScript says them inside a class and outside. */
const inside: Readonly<Record<string, string>> = { ...both, w: word, s: blank, b: '\\b' };
const outside: Readonly<Record<string, string>> = {
  ...both,
  w: `[${word}]`,
  W: `[^${word}]`,
  s: `[${blank}]`,
  S: `[^${blank}]`,
  A: '(?<![^])',
  Z: '(?![^])',
  b: `(?:(?<=[${word}])(?![${word}])|(?<![${word}])(?=[${word}]))`,
  B: `(?:(?<=[${word}])(?=[${word}])|(?<![${word}])(?![${word}]))`,
};

/** The tokens of an expression of Python's re, in the order in which the alternatives are tried. */
const parts =
  /(?<escaped>\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.))|(?<group>\((?:\?(?:P<\w+>|P=\w+\)|#[^)]*\)|<[=!]|[:=!])|(?!\?)))|(?<repeat>(?:[*+?]|\{(?:\d+|\d*,\d*)\})(?<possessive>[*+?]?))|(?<class>\[\^?\]?(?:\\.|[^\]\\])*\])|(?<other>.)/gsu;

/**
 * An expression of Python's re as JavaScript's, with the same meaning for Unicode strings.
 * @throws SyntaxError for a malformed expression, and for inline flags, conditions, atomic groups and
 *   possessive repeats, which are not supported
 */
export function regex(source: string, flags: 'y' | 'g'): RegExp {
  let translated = '';
  for (const { groups } of source.matchAll(parts)) translated += translate(groups ?? {});
  return new RegExp(translated, `u${flags}`);
}

type Groups = Readonly<Record<string, string | undefined>>;

function translate({ escaped, group, repeat, possessive, class: set, other }: Groups): string {
  if (escaped !== undefined) return translateEscape(escaped.slice(1), outside);
  if (group !== undefined) return translateGroup(group);
  if (repeat !== undefined) return translateRepeat(repeat, possessive ?? '');
  if (set !== undefined) return translateClass(set);
  return translateOther(other ?? '');
}

function translateEscape(name: string, known: typeof inside): string {
  const translated = known[name];
  if (translated !== undefined) return translated;
  if (name.length > 1) return name.startsWith('U') ? `\\u{${name.slice(1)}}` : `\\${name}`;
  if (known === outside && /^[1-9]$/.test(name)) return `\\${name}`;
  if (/^[a-zA-Z0-9]$/.test(name)) throw new SyntaxError(`\\${name} is not supported here`);
  return (known === outside ? /^[\^$\\.*+?()[\]{}|/]$/ : /^[\\\]^-]$/).test(name)
    ? `\\${name}`
    : name;
}

function translateGroup(group: string): string {
  if (group.startsWith('(?P=')) return `\\k<${group.slice(4, -1)}>`;
  if (group.startsWith('(?#')) return '';
  return group.replace('(?P<', '(?<');
}

function translateRepeat(repeat: string, possessive: string): string {
  if (possessive === '+') throw new SyntaxError('possessive repeats are not supported');
  if (possessive === '*') throw new SyntaxError('multiple repeat');
  return repeat.replace('{,', '{0,');
}

function translateClass(set: string): string {
  const negated = set.startsWith('[^');
  const content = set.slice(negated ? 2 : 1, -1);
  const members = content.replace(/\\(.)|([[\]])/gsu, (_, name?: string, bracket?: string) =>
    name === undefined ? `\\${bracket}` : translateEscape(name, inside),
  );
  return `[${negated ? '^' : ''}${members}]`;
}

function translateOther(character: string): string {
  if (character === '.') return '[^\\n]';
  if (character === '$') return '(?=\\n?(?![^]))';
  if (character === '(') throw new SyntaxError('this kind of group is not supported');
  return '[]{}/'.includes(character) ? `\\${character}` : character;
}

type Replacement = (match: RegExpExecArray) => string;

/**
 * The replacement of Python's re.sub as a function of the match: \1, \g<1>, \g<name>, \n and the like.
 * @throws SyntaxError for an unknown escape, and a group that the expression has not
 */
export function template(replacement: string, expression: RegExp): Replacement {
  const empty = new RegExp(`${expression.source}|`, 'u').exec('');
  const pieces = Array.from(
    replacement.matchAll(/\\(?:g<(\w+)>|([1-9][0-9]?)|(.?))|([^\\]+)/gsu),
    ([, name, number, character, text]): Replacement => {
      if (text !== undefined) return () => text;
      const group = name ?? number;
      if (group === undefined) {
        const meant = control(character ?? '');
        return () => meant;
      }
      if (empty === null || !hasGroup(empty, group)) {
        throw new SyntaxError(`there is no group ${group}`);
      }
      return (match) => match[Number(group)] ?? match.groups?.[group] ?? '';
    },
  );
  return (match) => pieces.map((piece) => piece(match)).join('');
}

const hasGroup = (match: RegExpExecArray, group: string): boolean =>
  /^\d+$/.test(group) ? Number(group) < match.length : Object.hasOwn(match.groups ?? {}, group);

const controls: Readonly<Record<string, string>> = {
  '\\': '\\',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function control(character: string): string {
  const meant = controls[character];
  if (meant !== undefined) return meant;
  if (/^[a-zA-Z0-9]?$/.test(character)) {
    throw new SyntaxError(`\\${character} is no escape in a replacement`);
  }
  return `\\${character}`;
}
