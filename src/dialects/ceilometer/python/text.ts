import { type Dict, namesOf, type Value, WholeFloat } from './value.ts';

/** Python's str(value); a container stops growing once `enough` UTF-16 units are there. */
export function str(value: Value, enough = Number.POSITIVE_INFINITY): string {
  return typeof value === 'string' ? value : repr(value, enough);
}

/** The first `count` characters, counted as Python counts them: by code point. */
export function firstCharacters(text: string, count: number): string {
  if (text.length <= count) return text;
  let end = 0;
  for (let taken = 0; taken < count && end < text.length; taken++) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, end);
}

/** The number of characters of a string, counted as Python counts them. */
export function length(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** Python's repr(value). */
export function repr(value: Value, enough = Number.POSITIVE_INFINITY): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') return reprText(value, enough);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof WholeFloat) return floatText(value.valueOf());
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? String(value) : floatText(value);
  }
  return Array.isArray(value) ? reprList(value, enough) : reprDict(value, enough);
}

function reprList(list: readonly Value[], enough: number): string {
  let text = '[';
  for (const value of list) {
    if (text.length > enough) break;
    text += `${text === '[' ? '' : ', '}${repr(value, enough - text.length)}`;
  }
  return `${text}]`;
}

function reprDict(dict: Dict, enough: number): string {
  let text = '{';
  for (const name of namesOf(dict)) {
    if (text.length > enough) break;
    const separator = text === '{' ? '' : ', ';
    text += `${separator}${reprText(name, enough)}: ${repr(dict[name] ?? null, enough - text.length)}`;
  }
  return `${text}}`;
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** Backslashes, and characters that Python's str.isprintable() rejects: control, format and separator characters. */
const unprintable = /[\\\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

function reprText(text: string, enough: number): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const shown = text.length > enough ? text.slice(0, enough) : text;
  const content = shown.replace(
    unprintable,
    (character) => escapes[character] ?? escaped(character),
  );
  return quote + (quote === "'" ? content.replaceAll("'", "\\'") : content) + quote;
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const digits = code.toString(16);
  if (code <= 0xff) return `\\x${digits.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`;
}

/** Python writes exponents below 1e-4 and from 1e16 on, with two digits at least. */
export function floatText(number: number): string {
  if (!Number.isFinite(number)) {
    if (Number.isNaN(number)) return 'nan';
    return number > 0 ? 'inf' : '-inf';
  }
  const size = Math.abs(number);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    const [digits = '', exponent = ''] = number.toExponential().split('e');
    return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
  }
  if (Object.is(number, -0)) return '-0.0';
  return Number.isInteger(number) ? `${number}.0` : String(number);
}

/** Python's str.split(separator, most); a null separator splits at runs of white space. */
export function split(text: string, separator: string | null, most: number): string[] {
  if (separator === null) return splitAtSpace(text, most);
  const parts = text.split(separator);
  if (most < 0 || parts.length <= most + 1) return parts;
  return [...parts.slice(0, most), parts.slice(most).join(separator)];
}

/** White space that Python's int() and float() ignore at the ends of a string. */
const isBlank = (character: string | undefined): boolean =>
  character !== undefined &&
  (character === '\x85' || (character !== '\ufeff' && character.trim() === ''));

/** White space as Python's str.split() has it: the four information separators too. */
const isSpace = (character: string | undefined): boolean =>
  isBlank(character) || (character !== undefined && character >= '\x1c' && character <= '\x1f');

/** The string without white space at its ends. */
export function strip(text: string, blank = isBlank): string {
  let start = 0;
  let end = text.length;
  while (start < end && blank(text[start])) start++;
  while (end > start && blank(text[end - 1])) end--;
  return text.slice(start, end);
}

function splitAtSpace(text: string, most: number): string[] {
  const parts: string[] = [];
  const rest = strip(text, isSpace);
  for (let at = 0; at < rest.length; ) {
    let end = at;
    const last = parts.length === most;
    while (end < rest.length && (last || !isSpace(rest[end]))) end++;
    parts.push(rest.slice(at, end));
    at = end;
    while (isSpace(rest[at])) at++;
  }
  return parts;
}
