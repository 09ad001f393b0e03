import { equals, less } from '../python/compare.ts';
import { toInt } from '../python/number.ts';
import { regex } from '../python/regex.ts';
import { ConversionError, isInt, typeName, type Value } from '../python/value.ts';
import { Datum, type Find, orNull, present } from './datum.ts';
import { type Comparison, PathError, type Test } from './path.ts';

type Holds = (value: Value) => boolean;

/** The entries of a list for which every test is true; a value that is not a list has none. */
export function filter(tests: readonly (readonly [Find, Test['comparison']])[]): Find {
  const conditions = tests.map(([target, comparison]) =>
    comparison === null
      ? (value: Value) => target(new Datum(value)).length > 0
      : compared(target, holds(comparison.by, comparison.to)),
  );
  // Every condition is tried on every entry, since any of them may fail.
  return (from) => {
    const list = orNull(from);
    if (!Array.isArray(list.value)) return [];
    return list.value
      .map((value, at) => new Datum(value, list, at))
      .filter(({ value }) => !conditions.map((condition) => condition(value)).includes(false));
  };
}

/** Null matches no comparison. */
function compared(target: Find, test: Holds): Holds {
  return (value) => {
    // Every match is compared, since any of them may fail.
    const results = target(new Datum(value)).map((found) => {
      const { value: compared } = present(found);
      return compared !== null && test(compared);
    });
    return results.includes(true);
  };
}

/** With an integer or a boolean on the right, the left side is converted by int() first. */
function holds(by: Comparison, to: Value): Holds {
  const test = by === '~' ? startsLike(to) : comparisons[by];
  if (!isInt(to)) return (value) => test(value, to);
  return (value) => {
    const number = intOf(value);
    return number !== undefined && test(number, to);
  };
}

/** Undefined for a string or a float that is not an integer. @throws ConversionError for a list or an object */
function intOf(value: Value): Value | undefined {
  try {
    return toInt(value);
  } catch (error) {
    if (typeof value === 'string' || Number.isNaN(value)) return undefined;
    throw error;
  }
}

const comparisons: Readonly<Record<Exclude<Comparison, '~'>, (a: Value, b: Value) => boolean>> = {
  '=': equals,
  '==': equals,
  '!=': (a, b) => !equals(a, b),
  '<': less,
  '<=': (a, b) => less(a, b) || equals(a, b),
  '>': (a, b) => less(b, a),
  '>=': (a, b) => less(b, a) || equals(a, b),
};

function startsLike(to: Value): (value: Value, to: Value) => boolean {
  if (typeof to !== 'string') {
    return () => {
      throw new ConversionError(`${typeName(to)} is no regular expression`);
    };
  }
  const expression = compiled(to);
  return (value) => {
    if (typeof value !== 'string') {
      throw new ConversionError(`~ needs a string on its left, not ${typeName(value)}`);
    }
    expression.lastIndex = 0;
    return expression.test(value);
  };
}

/** @throws PathError */
function compiled(source: string): RegExp {
  try {
    return regex(source, 'y');
  } catch (cause) {
    throw new PathError(`${source} is not valid: ${(cause as Error).message}`, { cause });
  }
}
