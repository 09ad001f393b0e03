import { randomUUID } from 'node:crypto';
import type { Json, Trait } from './event.ts';
import { endOfJsonString } from './json-string.ts';

/** Rare in most documents, and found faster than a pattern that begins with one character. */
const longDigits = /\d{16}/;
/**
 * Finds integers beyond 2^53: after the colon of a member, a comma, a bracket, or at the start. It may find one within a
 * string, which costs time and changes nothing.
 */
const possibleLargeInteger = /(?:[:,[]|^)\s*-?(?:9\d{15}|\d{17})/;

const mayHoldLargeInteger = (text: string): boolean =>
  longDigits.test(text) && possibleLargeInteger.test(text);

/** The first quote of a string, or a whole number. */
const tokens = /"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const largeInteger = /^-?\d{16,}$/;

/** Longer ones are read as numbers: infinite ones, which the intake rejects. */
const maxDigits = 1_000;

/** Begins the strings that stand for bigints within this module; nobody outside can know it. */
const mark = `${randomUUID()}:`;
const marked = new RegExp(`"${mark}(-?\\d+)"`, 'g');

/** Whether JSON is an object: not null, and no list. */
export function isJsonObject(json: Json | undefined): json is { [name: string]: Json };
export function isJsonObject(json: unknown): json is Readonly<Record<string, unknown>>;
export function isJsonObject(json: unknown): boolean {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** Reads JSON as JSON.parse does, and keeps every digit of an integer. @throws SyntaxError */
export function parseJson(text: string): Json {
  const markedText = markLargeIntegers(text);
  const parsed: unknown = JSON.parse(markedText);
  return markedText === text ? (parsed as Json) : restored(parsed);
}

/** Writes JSON as JSON.stringify does, and bigints with all their digits. */
export function stringifyJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // JSON.stringify throws a TypeError for a bigint; looking for bigints first would cost as much as writing.
    if (!(error instanceof TypeError)) throw error;
  }
  return unmarked(JSON.stringify(value, markBigint));
}

/** JSON in which large integers are strings with a mark. @throws SyntaxError */
function markLargeIntegers(text: string): string {
  if (!mayHoldLargeInteger(text)) return text;
  // Only valid JSON has these tokens and no others.
  JSON.parse(text);
  let markedText = '';
  let copiedTo = 0;
  tokens.lastIndex = 0;
  for (let match = tokens.exec(text); match !== null; match = tokens.exec(text)) {
    const [token] = match;
    if (token === '"') tokens.lastIndex = endOfJsonString(text, match.index) + 1;
    else if (largeInteger.test(token) && !isKept(token)) {
      markedText += `${text.slice(copiedTo, match.index)}"${mark}${token}"`;
      copiedTo = tokens.lastIndex;
    }
  }
  return markedText + text.slice(copiedTo);
}

/** For JSON.stringify, whose result `unmarked` finishes. */
export const markBigint = (_name: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `${mark}${value}` : value;

export const unmarked = (text: string): string =>
  text.includes(mark) ? text.replace(marked, '$1') : text;

/** An integer as a number where that keeps its digits, else as a bigint. */
export const integerOf = (digits: string): number | bigint =>
  isKept(digits) ? Number(digits) : BigInt(digits);

/**
 * An integer as a trait. An INT is within plus or minus 2^53 - 1, so that every client reads it exactly; a larger
 * one becomes a TEXT of its digits.
 */
export function integerTrait(name: string, value: number | bigint): Trait {
  const number = Number(value);
  return Number.isSafeInteger(number)
    ? { name, type: 'INT', value: number }
    : { name, type: 'TEXT', value: BigInt(value).toString() };
}

/** Whether a number would be written with the very digits that it was read from. */
function isKept(integer: string): boolean {
  return integer.length > maxDigits || written(Number(integer)) === integer;
}

/** A whole number without an exponent, as its shortest form has it: 1e+21 is a one with 21 zeros. */
function written(number: number): string {
  const [mantissa = '', exponent] = String(number).split('e');
  if (exponent === undefined) return mantissa;
  const [whole = '', fraction = ''] = mantissa.split('.');
  return whole + fraction + '0'.repeat(Number(exponent) - fraction.length);
}

/** What was parsed, its marked strings turned into bigints. Without recursion: it may be nested deeply. */
function restored(parsed: unknown): Json {
  const root = { value: parsed as Json };
  const open: Record<string, Json>[] = [root];
  for (let holder = open.pop(); holder !== undefined; holder = open.pop()) {
    for (const name of Object.keys(holder)) {
      const member = holder[name];
      if (typeof member === 'string' && member.startsWith(mark)) {
        holder[name] = BigInt(member.slice(mark.length));
      } else if (typeof member === 'object' && member !== null) {
        open.push(member as Record<string, Json>);
      }
    }
  }
  return root.value;
}
