import { isNestedDeeper } from '../../event/json-depth.ts';
import { endOfJsonString } from '../../event/json-string.ts';
import { type Dict, float, integer, keepOrder, setMember, type Value } from './python/value.ts';

/** The string is not JSON. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

/** Deeper nesting is rejected before anything reads it: it would exhaust the stack later. */
const maxDepth = 200;

/**
 * Values that JSON.parse would not keep: floats without a fraction, integers of 16 digits and more, and the
 * order of members that are named like numbers. A number follows a member's colon, a comma or a bracket.
 */
const needsCare = /(?:"\s*:|[[,]|^)\s*-?(?:\d+[.eE]|\d{16})|"\d+"\s*:/;

/**
 * Reads JSON without losing what Python's reader keeps: see Value. As Python does, it takes NaN, Infinity
 * and -Infinity for numbers. @throws JsonError
 */
export function readJson(text: string): Value {
  if (isNestedDeeper(text, maxDepth)) {
    throw new JsonError(`nested deeper than ${maxDepth} levels`);
  }
  if (!needsCare.test(text)) {
    try {
      return JSON.parse(text) as Value;
    } catch {
      // Read again: either NaN is among its numbers, or the reader says where it is wrong.
    }
  }
  return new Reader(text).document();
}

const numberForm = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const spaceForm = /[ \t\n\r]*/y;

/** Python reads no int of more digits. */
const digitsMax = 4300;

const words = new Map<string, Value>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Value {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw this.#error('there is more after the value');
    return value;
  }

  #value(): Value {
    this.#space();
    const character = this.#text[this.#at];
    if (character === '"') return this.#string();
    if (character === '{') return this.#nested(() => this.#object());
    if (character === '[') return this.#nested(() => this.#array());
    for (const [word, value] of words) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    return this.#number();
  }

  #nested<Nested>(read: () => Nested): Nested {
    this.#at++;
    return read();
  }

  #object(): Dict {
    const dict: Dict = {};
    const names = new Set<string>();
    while (!this.#ends('}', names.size === 0)) {
      this.#space();
      const name = this.#string();
      this.#expect(':');
      setMember(dict, name, this.#value());
      names.add(name);
    }
    keepOrder(dict, [...names]);
    return dict;
  }

  #array(): Value[] {
    const list: Value[] = [];
    while (!this.#ends(']', list.length === 0)) list.push(this.#value());
    return list;
  }

  /** Whether the container ends here; else a comma was passed, unless its first entry follows. */
  #ends(close: string, first: boolean): boolean {
    this.#space();
    if (this.#text[this.#at] === close) {
      this.#at++;
      return true;
    }
    if (!first) this.#expect(',');
    return false;
  }

  #expect(character: string): void {
    this.#space();
    if (this.#text[this.#at] !== character) throw this.#error(`${character} is missing`);
    this.#at++;
  }

  #string(): string {
    const start = this.#at;
    const end = endOfJsonString(this.#text, start);
    if (this.#text[start] !== '"' || end === this.#text.length) {
      throw this.#error('a string is missing');
    }
    const source = this.#text.slice(start, end + 1);
    this.#at = end + 1;
    try {
      return JSON.parse(source) as string;
    } catch (cause) {
      throw this.#error('the string before is malformed', { cause });
    }
  }

  #number(): Value {
    const match = this.#take(numberForm);
    if (match === null) throw this.#error('a value is missing');
    const [source, fraction, exponent] = match;
    if (fraction !== undefined || exponent !== undefined) return float(Number(source));
    if (source.length < 16) return Number(source);
    if (source.length > digitsMax) throw this.#error('the integer before is too long');
    return integer(BigInt(source));
  }

  #space(): void {
    this.#take(spaceForm);
  }

  #take(form: RegExp): RegExpExecArray | null {
    form.lastIndex = this.#at;
    const match = form.exec(this.#text);
    if (match !== null) this.#at = form.lastIndex;
    return match;
  }

  #error(message: string, options?: ErrorOptions): JsonError {
    return new JsonError(`not JSON at character ${this.#at + 1}: ${message}`, options);
  }
}
