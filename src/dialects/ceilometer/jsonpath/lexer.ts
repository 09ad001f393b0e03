import { str } from '../python/text.ts';
import { float, integer, type Value } from '../python/value.ts';
import { PathError } from './path.ts';

export interface Token {
  /** The kind in capitals, or the character itself. */
  readonly type: string;
  readonly value: Value;
  readonly line: number;
  /** From 0; of a quoted token, where it closes. */
  readonly column: number;
}

const spaces = /[ \t]*/y;

/** In this order: `true` begins no name, a slash is always the mark of a sort key, 1.5 is one number. */
const rules: readonly (readonly [type: string, form: RegExp, read: (text: string) => Value])[] = [
  ['BOOL', /true|false/y, (text) => text === 'true'],
  ['SORT_DIRECTION', /,?\s*[/\\]/y, (text) => text.slice(-1)],
  ['ID', /@?[a-zA-Z_][a-zA-Z0-9_@-]*/y, (text) => text],
  ['FLOAT', /-?\d+\.\d+/y, (text) => float(Number(text))],
  ['NUMBER', /-?\d+/y, (text) => integer(BigInt(text))],
  ['FILTER_OP', /==?|<=|>=|!=|<|>|~/y, (text) => text],
  ['DOUBLEDOT', /\.\./y, (text) => text],
];

const characters = '*.[]()$,:|&?@+-';

const quotes: Readonly<Record<string, string>> = { "'": 'ID', '"': 'ID', '`': 'NAMED_OPERATOR' };

/** Cuts a path into tokens, one a call: nothing after the first fault is read. */
export class Lexer {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next token; null at the end. @throws PathError */
  next(): Token | null {
    this.#skipSpace();
    const character = this.#text[this.#at];
    if (character === undefined) return null;
    const quoted = quotes[character];
    if (quoted !== undefined) return this.#quoted(quoted, character);
    for (const [type, form, read] of rules) {
      form.lastIndex = this.#at;
      const text = form.exec(this.#text)?.[0];
      if (text !== undefined) return this.#token(type, text, read(text));
    }
    if (characters.includes(character)) return this.#token(character, character, character);
    throw new PathError(`Unexpected character ${character} at ${this.#line}:${this.#column()}`);
  }

  #skipSpace(): void {
    for (;;) {
      spaces.lastIndex = this.#at;
      this.#at += spaces.exec(this.#text)?.[0].length ?? 0;
      if (this.#text[this.#at] !== '\n') return;
      this.#line++;
      this.#lineStart = this.#at++;
    }
  }

  #column(): number {
    return this.#at - this.#lineStart;
  }

  #token(type: string, text: string, value: Value): Token {
    const token = {
      type: type === 'ID' && text === 'where' ? 'WHERE' : type,
      value,
      line: this.#line,
      column: this.#column(),
    };
    this.#at += text.length;
    return token;
  }

  /** A backslash takes the character after it literally. */
  #quoted(type: string, quote: string): Token {
    let value = '';
    this.#at++;
    while (this.#text[this.#at] !== quote) {
      if (this.#text[this.#at] === '\\') this.#at++;
      const character = this.#text[this.#at++];
      if (character === undefined) throw new PathError('Unexpected end within quotes');
      value += character;
    }
    const token = { type, value, line: this.#line, column: this.#column() };
    this.#at++;
    return token;
  }
}

/** The error at a token, or at the end. */
export function unexpected(token: Token | null): PathError {
  if (token === null) return new PathError('Unexpected end');
  const { line, column, value, type } = token;
  return new PathError(`Parse error at ${line}:${column} near token ${str(value)} (${type})`);
}
