import { strip } from './text.ts';
import {
  ConversionError,
  float,
  integer,
  isInt,
  typeName,
  type Value,
  WholeFloat,
} from './value.ts';

/** Python does not read an int of more digits than this. */
const digitsMax = 4300;

/** An underscore has a digit on each side. */
const strayUnderscore = /(?<![0-9])_|_(?![0-9])/;
const intForm = /^[+-]?[0-9]+$/;
const floatForm = /^[+-]?(?:[0-9]+\.?|[0-9]*\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const infinityForm = /^([+-]?)inf(?:inity)?$/i;
const nanForm = /^[+-]?nan$/i;

/** Python's int(value). @throws ConversionError where Python raises */
export function toInt(value: Value): number | bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'bigint') return value;
  if (typeof value === 'string') return textToInt(value);
  if (typeof value === 'number' || value instanceof WholeFloat) {
    const number = Math.trunc(Number(value));
    if (Number.isFinite(number)) return integer(BigInt(number));
    throw new ConversionError(`${number} is no integer`);
  }
  throw new ConversionError(`${typeName(value)} is no integer`);
}

function textToInt(text: string): number | bigint {
  const bare = ungrouped(asciiDigits(strip(text)));
  if (intForm.test(bare)) {
    if (bare.length < 16) return Number(bare);
    if (bare.replace(/^[+-]/, '').length <= digitsMax) return integer(bigintOf(bare));
  }
  throw new ConversionError(`${quoted(text)} is no integer`);
}

/** BigInt reads a sign only as a minus. */
const bigintOf = (text: string): bigint =>
  text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text.replace('+', ''));

/** Python's float(value), as a number. @throws ConversionError where Python raises */
export function toFloat(value: Value): number {
  if (typeof value === 'string') return textToFloat(value);
  if (typeof value === 'bigint') {
    const number = Number(value);
    if (Number.isFinite(number)) return number;
    throw new ConversionError('the integer is too large for a float');
  }
  if (isInt(value) || typeof value === 'number' || value instanceof WholeFloat)
    return Number(value);
  throw new ConversionError(`${typeName(value)} is no number`);
}

function textToFloat(text: string): number {
  const plain = ungrouped(asciiDigits(strip(text)));
  if (floatForm.test(plain)) return Number(plain);
  const infinity = infinityForm.exec(plain);
  if (infinity !== null) return infinity[1] === '-' ? -Infinity : Infinity;
  if (nanForm.test(plain)) return Number.NaN;
  throw new ConversionError(`${quoted(text)} is no number`);
}

const ungrouped = (text: string): string =>
  strayUnderscore.test(text) ? text : text.replaceAll('_', '');

export const quoted = (text: string): string =>
  JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

const digit = /\p{Nd}/u;
const foreignDigit = /(?![0-9])\p{Nd}/gu;

/** Python reads the decimal digits of every script: ٣ is 3. */
const asciiDigits = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the ASCII range is meant.
  /^[\x00-\x7f]*$/.test(text)
    ? text
    : text.replace(foreignDigit, (character) => String(digitValue(character)));

/** Unicode keeps decimal digits in runs of ten (the mathematical ones in five such runs), zero first. */
function digitValue(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  let before = 0;
  while (digit.test(String.fromCodePoint(code - before - 1))) before++;
  return before % 10;
}

/** A number of Python arithmetic on two values: ints stay exact, and anything with a float is one. */
export function calculate(
  operator: '+' | '-' | '*',
  left: number | bigint | boolean | WholeFloat,
  right: number | bigint | boolean | WholeFloat,
): Value {
  if (isInt(left) && isInt(right)) {
    const [a, b] = [BigInt(left), BigInt(right)];
    if (operator === '+') return integer(a + b);
    return integer(operator === '-' ? a - b : a * b);
  }
  const [a, b] = [toFloat(left), toFloat(right)];
  if (operator === '+') return float(a + b);
  return float(operator === '-' ? a - b : a * b);
}
