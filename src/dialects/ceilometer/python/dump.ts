import { floatText } from './text.ts';
import { namesOf, type Value, WholeFloat } from './value.ts';

/** Python's json.dumps(value): blanks after commas and colons, and ASCII alone. */
export function dumps(value: Value): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  if (typeof value === 'string') return dumpText(value);
  if (value instanceof WholeFloat) return floatText(value.valueOf());
  if (typeof value === 'number') return dumpNumber(value);
  if (Array.isArray(value)) return `[${value.map(dumps).join(', ')}]`;
  const members = namesOf(value).map((name) => `${dumpText(name)}: ${dumps(value[name] ?? null)}`);
  return `{${members.join(', ')}}`;
}

const beyondAscii = /[\x7f-\uffff]/g;

const dumpText = (text: string): string =>
  JSON.stringify(text).replace(
    beyondAscii,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

function dumpNumber(number: number): string {
  if (Number.isSafeInteger(number)) return String(number);
  if (Number.isNaN(number)) return 'NaN';
  if (!Number.isFinite(number)) return number > 0 ? 'Infinity' : '-Infinity';
  return floatText(number);
}
