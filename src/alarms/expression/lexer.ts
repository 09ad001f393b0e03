import { quoted } from '../../event/input-error.ts';
import { ExpressionError } from './expression-error.ts';

type TokenKind = 'NUMBER' | 'NAME' | 'QUOTED_NAME' | 'STRING' | 'SYMBOL' | 'END';

export interface Token {
  readonly kind: TokenKind;
  /** Without the quotation marks of a string or a name. */
  readonly text: string;
  /** Of its first character, from 0. */
  readonly position: number;
}

const maxCharacters = 4_096;
const maxTokens = 1_000;

/** A name has no other quotation marks in MQE; backquotes are ours, for names such as `compute.instance.create`. */
const token =
  /(?<space>[ \t\r\n]+)|(?<number>\d+\.\d+|\d+(?![A-Za-z0-9_]))|(?<name>[A-Za-z0-9_]+)|`(?<quotedName>[^`]+)`|(?<string>'[^']*'|"[^"]*")|(?<symbol>&&|\|\||[=!<>]=|[-+*/%<>=(){},])/y;

/** The tokens of an expression, ended by one of kind END. @throws ExpressionError */
export function tokensOf(text: string): readonly Token[] {
  if (text.length > maxCharacters) {
    throw new ExpressionError(
      maxCharacters,
      `An expression has at most ${maxCharacters} characters, not ${text.length}.`,
    );
  }
  const tokens: Token[] = [];
  for (let position = 0; position < text.length; ) {
    token.lastIndex = position;
    const match = token.exec(text);
    if (match === null) throw unreadable(text, position);
    const read = tokenOf(match, position);
    if (read !== null) tokens.push(read);
    if (tokens.length > maxTokens) {
      throw new ExpressionError(position, `An expression has at most ${maxTokens} tokens.`);
    }
    position = token.lastIndex;
  }
  return [...tokens, { kind: 'END', text: 'the end', position: text.length }];
}

function tokenOf({ groups = {} }: RegExpExecArray, position: number): Token | null {
  const { number, name, quotedName, string, symbol } = groups;
  if (number !== undefined) return { kind: 'NUMBER', text: number, position };
  if (name !== undefined) return { kind: 'NAME', text: name, position };
  if (quotedName !== undefined) return { kind: 'QUOTED_NAME', text: quotedName, position };
  if (string !== undefined) return { kind: 'STRING', text: string.slice(1, -1), position };
  if (symbol !== undefined) return { kind: 'SYMBOL', text: symbol, position };
  return null;
}

function unreadable(text: string, position: number): ExpressionError {
  const character = String.fromCodePoint(text.codePointAt(position) ?? 0);
  return new ExpressionError(
    position,
    ['"', "'", '`'].includes(character)
      ? `The quotation mark ${character} is not closed.`
      : `${quoted(character)} does not belong in an expression.`,
  );
}
