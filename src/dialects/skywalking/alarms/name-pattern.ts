/** A regular expression of names is malformed, or could take too long. */
export class NamePatternError extends Error {
  override readonly name = 'NamePatternError';
}

/** @param position of the character at fault, from 0 */
const faultAt = (position: number, reason: string): NamePatternError =>
  new NamePatternError(`at character ${position + 1}: ${reason}`);

/** Long repeats in a pattern: each may multiply the time by the length of the name. */
const maxLongRepeats = 3;
const maxCharacters = 1_024;
/** In how many ways a pattern may be tried on a name; a long repeat counts for as many as it does on average. */
const maxWays = 2 ** 26;
const waysOfLongRepeat = 256;
/** Of a counted repeat: {1,100}. */
const maxCount = 256;
/** A repeat that counts to more takes as long as one without an end. */
const fewCounts = 8;
/** Names are cut before: service, instance or endpoint, and the words between. */
const longestName = 512;

/** Tests a whole name. */
export type NamePattern = (name: string) => boolean;

/**
 * Compiles a regular expression as SkyWalking's settings have it. A pattern that could run for longer than a second or
 * so is rejected: repeats within repeats, too many repeats and alternatives after each other, references back, and looking around.
 * What Java and JavaScript read differently means what it means in Java, or is rejected.
 * @throws NamePatternError
 */
export function namePattern(source: string): NamePattern {
  if (source.length > maxCharacters) {
    throw faultAt(maxCharacters, `a pattern has at most ${maxCharacters} characters.`);
  }
  const compiled = compile(new Scanner(source).scan());
  return (name) => compiled.test(name.slice(0, longestName));
}

function compile(source: string): RegExp {
  try {
    return new RegExp(`^(?:${source})$`, 'su');
  } catch (cause) {
    const reason = /: ([^:]*)$/.exec((cause as Error).message)?.[1] ?? 'it is malformed';
    throw new NamePatternError(`${reason}.`, { cause });
  }
}

interface Piece {
  /** Whether it contains a repeat. */
  readonly repeats: boolean;
  /** Whether it contains alternatives. */
  readonly alternates: boolean;
  /** In how many ways it may be tried from one position. */
  readonly ways: number;
}

/** Letters that mean the same after a backslash in Java and in JavaScript. */
const sharedEscapes = /[dDwWsSbBnrtfcxupP]/;
/** What JavaScript lets a backslash make literal; Java lets it precede whatever is not a letter or a digit. */
const syntaxCharacter = /[\^$\\.*+?()[\]{}|/]/;

const oneCharacter: Piece = { repeats: false, alternates: false, ways: 1 };

/** Reads a pattern as far as its repeats and groups are concerned, and translates it. */
class Scanner {
  readonly #source: string;
  /** What JavaScript has instead of a character, by its position. */
  readonly #replaced = new Map<number, string>();
  #at = 0;
  #longRepeats = 0;

  constructor(source: string) {
    this.#source = source;
  }

  /** Returns the pattern as JavaScript has it. */
  scan(): string {
    const { ways } = this.#alternatives();
    if (this.#at < this.#source.length) {
      throw faultAt(this.#at, 'the parenthesis closes nothing.');
    }
    if (ways > maxWays) {
      throw new NamePatternError(
        'there are too many repeats and alternatives after each other: it could run too long.',
      );
    }
    return this.#source
      .split('')
      .map((character, at) => this.#replaced.get(at) ?? character)
      .join('');
  }

  #alternatives(): Piece {
    let repeats = false;
    let alternates = false;
    let waysBefore = 0;
    let ways = 1;
    for (;;) {
      const { [this.#at]: character } = this.#source;
      if (character === undefined || character === ')') {
        return { repeats, alternates, ways: waysBefore + ways };
      }
      if (character === '|') {
        alternates = true;
        waysBefore += ways;
        ways = 1;
        this.#at += 1;
        continue;
      }
      const piece = this.#repeated(this.#piece());
      repeats ||= piece.repeats;
      alternates ||= piece.alternates;
      ways *= piece.ways;
    }
  }

  #piece(): Piece {
    const begin = this.#at;
    const { [begin]: character } = this.#source;
    this.#at += 1;
    if (character === '\\') return this.#escape(begin);
    if (character === '[') return this.#class(begin);
    if (character === ']' || character === '}') this.#replaced.set(begin, `\\${character}`);
    if (character !== '(') return oneCharacter;
    const opening = /^\?(?::|<[A-Za-z]\w*>)?/.exec(this.#source.slice(this.#at))?.[0] ?? '';
    if (opening === '?') {
      throw faultAt(begin, 'looking around and flags are not allowed in a pattern.');
    }
    this.#at += opening.length;
    const inner = this.#alternatives();
    if (this.#source[this.#at] !== ')') {
      throw faultAt(begin, 'the parenthesis is not closed.');
    }
    this.#at += 1;
    return inner;
  }

  #escape(begin: number): Piece {
    const { [this.#at]: escaped } = this.#source;
    if (escaped === undefined) throw faultAt(begin, 'nothing follows the backslash.');
    if (/[1-9k]/.test(escaped)) {
      throw faultAt(begin, 'a pattern cannot refer back to a group.');
    }
    if (/[A-Za-z0]/.test(escaped) && !sharedEscapes.test(escaped)) {
      throw faultAt(begin, `\\${escaped} is not supported in a pattern.`);
    }
    if (!/[A-Za-z]/.test(escaped) && !syntaxCharacter.test(escaped)) this.#replaced.set(begin, '');
    const long = /^(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})/.exec(
      this.#source.slice(this.#at),
    );
    this.#at += long?.[0].length ?? 1;
    return oneCharacter;
  }

  #class(begin: number): Piece {
    while (this.#at < this.#source.length) {
      const at = this.#at;
      const { [at]: character } = this.#source;
      this.#at += 1;
      if (character === ']') {
        if (/^\^?$/.test(this.#source.slice(begin + 1, at))) this.#replaced.set(at, '\\]');
        else return oneCharacter;
      }
      if (character === '[' || this.#source.startsWith('&&', at)) {
        throw faultAt(
          at,
          'a class within a class is not supported: write \\[ or \\& for the character.',
        );
      }
      if (character !== '\\') continue;
      if (this.#source[this.#at] === '-') this.#at += 1;
      else this.#escape(at);
    }
    throw faultAt(begin, 'the bracket is not closed.');
  }

  #repeated(piece: Piece): Piece {
    const begin = this.#at;
    const repeat = repeatAt(this.#source, begin);
    if (repeat === null) return piece;
    this.#at += repeat.length;
    if (this.#source[this.#at] === '+') {
      throw faultAt(this.#at, 'possessive repeats are not supported.');
    }
    if (repeat.counted > maxCount) {
      throw faultAt(begin, `a repeat counts to ${maxCount} at most, not ${repeat.counted}.`);
    }
    if (repeat.most > 1) this.#check(piece, begin);
    if (repeat.most > fewCounts && ++this.#longRepeats > maxLongRepeats) {
      throw faultAt(
        begin,
        `a pattern with more than ${maxLongRepeats} long repeats could run too long.`,
      );
    }
    return { repeats: true, alternates: piece.alternates, ways: waysOf(piece, repeat) };
  }

  #check({ repeats, alternates }: Piece, begin: number): void {
    if (repeats) {
      throw faultAt(begin, 'a repeat within a repeat could run too long.');
    }
    if (alternates) {
      throw faultAt(
        begin,
        'a repeat of alternatives could run too long: use a class such as [ab].',
      );
    }
  }
}

function waysOf({ ways }: Piece, { least, most }: Repeat): number {
  if (most <= 1) return least === most ? ways : 1 + ways;
  return most > fewCounts && least < most ? waysOfLongRepeat : most - least + 1;
}

interface Repeat {
  /** Characters of the pattern. */
  readonly length: number;
  /** The highest number that it names. */
  readonly counted: number;
  readonly least: number;
  /** How often its piece may come; Infinity where it has no end. */
  readonly most: number;
}

/** The repeat at a position of a pattern; null where there is none. */
function repeatAt(source: string, at: number): Repeat | null {
  const match = /^(?:[*+?]|\{(?<from>\d+)(?<comma>,?)(?<to>\d*)\})\??/.exec(source.slice(at));
  if (match === null) return null;
  const [{ length }] = match;
  const { from, comma, to = '' } = match.groups ?? {};
  if (from === undefined) {
    const most = match[0].startsWith('?') ? 1 : Number.POSITIVE_INFINITY;
    return { length, counted: 1, least: match[0].startsWith('+') ? 1 : 0, most };
  }
  const counted = Number(to === '' ? from : to);
  const most = comma === ',' && to === '' ? Number.POSITIVE_INFINITY : counted;
  return { length, counted, least: Number(from), most };
}
