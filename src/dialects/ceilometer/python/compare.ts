import { ConversionError, isDict, typeName, type Value, WholeFloat } from './value.ts';

type Numeric = number | bigint;

/** The number a value counts as in comparisons: True is 1, and 42.0 equals 42. */
function numeric(value: Value): Numeric | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean' || value instanceof WholeFloat) return Number(value);
  return undefined;
}

/** Python's left == right. */
export function equals(left: Value, right: Value): boolean {
  const [a, b] = [numeric(left), numeric(right)];
  // biome-ignore lint/suspicious/noDoubleEquals: a bigint equals a number of the same value only so.
  if (a !== undefined && b !== undefined) return a == b;
  if (Array.isArray(left) && Array.isArray(right)) {
    return (
      left.length === right.length && left.every((value, at) => equals(value, right[at] ?? null))
    );
  }
  if (isDict(left) && isDict(right)) {
    const names = Object.keys(left);
    return (
      names.length === Object.keys(right).length &&
      names.every(
        (name) => Object.hasOwn(right, name) && equals(left[name] ?? null, right[name] ?? null),
      )
    );
  }
  return left === right;
}

/** Python's left < right. @throws ConversionError where Python cannot order the two */
export function less(left: Value, right: Value): boolean {
  const [a, b] = [numeric(left), numeric(right)];
  if (a !== undefined && b !== undefined) return a < b;
  if (typeof left === 'string' && typeof right === 'string') return textLess(left, right);
  if (Array.isArray(left) && Array.isArray(right)) return listLess(left, right);
  throw new ConversionError(`${typeName(left)} and ${typeName(right)} cannot be ordered`);
}

/** By code points: JavaScript alone compares UTF-16 units, which differs beyond U+FFFF. */
function textLess(left: string, right: string): boolean {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    if (left[at] !== right[at]) return (left.codePointAt(at) ?? 0) < (right.codePointAt(at) ?? 0);
  }
  return left.length < right.length;
}

function listLess(left: readonly Value[], right: readonly Value[]): boolean {
  const at = left.findIndex((value, i) => i >= right.length || !equals(value, right[i] ?? null));
  if (at === -1) return left.length < right.length;
  return at < right.length && less(left[at] ?? null, right[at] ?? null);
}

/** An order for sorting. @throws ConversionError as `less` does */
export function order(left: Value, right: Value): number {
  if (less(left, right)) return -1;
  return less(right, left) ? 1 : 0;
}
