import { calculate } from '../python/number.ts';
import { ConversionError, isFloat, isInt, type Value } from '../python/value.ts';
import { Datum, type Find, type Found, present } from './datum.ts';
import type { Operator } from './path.ts';

/** Longer results of repeating a string or a list are rejected. */
const repeatedMax = 10_000;

type Side = Find | Value;

/** Pairs of matches, calculated; nothing where the sides do not pair up or one pair has no result. */
export function operation(left: Side, operator: Operator, right: Side): Find {
  return (from) => {
    const [lefts, rights] = [matches(left, from), matches(right, from)];
    if (lefts !== null && rights !== null && lefts.length !== rights.length) return [];
    const results: Datum[] = [];
    for (let at = 0; at < (lefts ?? rights ?? [null]).length; at++) {
      const result = apply(operator, operandAt(left, lefts, at), operandAt(right, rights, at));
      if (result === undefined) return [];
      results.push(new Datum(result));
    }
    return results;
  };
}

/** The matches of a path; null for a constant. */
const matches = (side: Side, from: Found): readonly Found[] | null =>
  typeof side === 'function' ? side(from) : null;

const operandAt = (side: Side, found: readonly Found[] | null, at: number): Value =>
  typeof side === 'function' ? present(found?.[at] ?? null).value : side;

const isNumber = (value: Value) => isInt(value) || isFloat(value);

/** Undefined where Python has no such operation on the two. */
function apply(operator: Operator, a: Value, b: Value): Value | undefined {
  if (isNumber(a) && isNumber(b)) return calculate(operator, a, b);
  if (operator === '+') return joined(a, b);
  if (operator === '-') return undefined;
  if (isInt(b)) return repeated(a, Number(b));
  return isInt(a) ? repeated(b, Number(a)) : undefined;
}

function joined(a: Value, b: Value): Value | undefined {
  if (typeof a === 'string' && typeof b === 'string') return a + b;
  return Array.isArray(a) && Array.isArray(b) ? [...a, ...b] : undefined;
}

function repeated(value: Value, times: number): Value | undefined {
  if (typeof value !== 'string' && !Array.isArray(value)) return undefined;
  const count = Math.max(0, times);
  if (value.length * count > repeatedMax)
    throw new ConversionError('the repeated value is too long');
  if (typeof value === 'string') return value.repeat(count);
  return Array.from({ length: count }, () => value).flat();
}
