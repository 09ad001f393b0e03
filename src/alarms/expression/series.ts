import type { ArithmeticOperator, BooleanOperator, Comparison } from './syntax.ts';

/** A value of a minute; null where there is none: a minute without events has no count, not the count 0. */
export type Value = number | null;

export type Labels = readonly (readonly [name: string, value: string])[];

/** Values in the order of their minutes, or one value that was made of them. */
export interface Series {
  readonly labels: Labels;
  readonly values: readonly Value[];
}

export type Operator = ArithmeticOperator | Comparison | BooleanOperator;

/** Comparisons give 1 or 0. */
const operations: Readonly<Record<Operator, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
  '>': (left, right) => Number(left > right),
  '>=': (left, right) => Number(left >= right),
  '<': (left, right) => Number(left < right),
  '<=': (left, right) => Number(left <= right),
  '==': (left, right) => Number(left === right),
  '!=': (left, right) => Number(left !== right),
  '&&': (left, right) => Number(left === 1 && right === 1),
  '||': (left, right) => Number(left === 1 || right === 1),
};

const keyOf = (labels: Labels): string =>
  JSON.stringify(labels.toSorted(([a], [b]) => (a < b ? -1 : 1)));

/**
 * Combines series with series: those of equal labels where both sides have labels, else each with the only one of the
 * other side; minute by minute, or each minute with the one value of the other side. Null on either side gives null.
 */
export function combined(
  left: readonly Series[],
  right: readonly Series[],
  { operator, matched }: { readonly operator: Operator; readonly matched: boolean },
): readonly Series[] {
  const apply = operations[operator];
  if (matched) {
    const others = new Map(right.map((series) => [keyOf(series.labels), series]));
    return left.map((series) => joined(series, others.get(keyOf(series.labels)), apply));
  }
  return left.flatMap((one) => right.map((other) => joined(one, other, apply)));
}

function joined(
  left: Series,
  right: Series | undefined,
  apply: (left: number, right: number) => number,
): Series {
  const others = right?.values ?? [];
  const length = left.values.length === 1 ? Math.max(others.length, 1) : left.values.length;
  const at = (values: readonly Value[], minute: number) =>
    values[values.length === 1 ? 0 : minute] ?? null;
  return {
    labels: left.labels.length > 0 ? left.labels : (right?.labels ?? []),
    values: Array.from({ length }, (_, minute) => {
      const [one, other] = [at(left.values, minute), at(others, minute)];
      return one === null || other === null ? null : apply(one, other);
    }),
  };
}

const present = (values: readonly Value[]): number[] => values.filter((value) => value !== null);

export const hasValues = (series: readonly Series[]): boolean =>
  series.some(({ values }) => values.some((value) => value !== null));

/** One value of many; null where none of them is present and the function has no answer for that. */
export const reductions: Readonly<
  Record<'avg' | 'count' | 'latest' | 'sum' | 'max' | 'min', (values: readonly Value[]) => Value>
> = {
  avg: (values) => {
    const numbers = present(values);
    return numbers.length === 0 ? null : sum(numbers) / numbers.length;
  },
  count: (values) => present(values).length,
  latest: (values) => present(values).at(-1) ?? null,
  sum: (values) => sum(present(values)),
  max: (values) => extreme(values, Math.max),
  min: (values) => extreme(values, Math.min),
};

const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, number) => total + number, 0);

const extreme = (values: readonly Value[], of: (a: number, b: number) => number): Value =>
  present(values).reduce<Value>(
    (found, value) => (found === null ? value : of(found, value)),
    null,
  );

/** One series for each combination of the labels that are kept. */
export function aggregatedLabels(
  series: readonly Series[],
  reduce: (values: readonly Value[]) => Value,
  keep: readonly string[],
): readonly Series[] {
  const groups = new Map<string, { readonly labels: Labels; readonly of: Series[] }>();
  for (const each of series) {
    const labels = each.labels.filter(([name]) => keep.includes(name));
    const group = groups.get(keyOf(labels)) ?? { labels, of: [] };
    groups.set(keyOf(labels), group);
    group.of.push(each);
  }
  return [...groups.values()].map(({ labels, of }) => ({
    labels,
    values: (of[0]?.values ?? []).map((_, minute) => {
      const values = of.map((each) => each.values[minute] ?? null);
      return values.every((value) => value === null) ? null : reduce(values);
    }),
  }));
}

/** Rounds halves to the number that is farther from 0, by the decimal digits of the value. */
export function rounded(value: number, digits: number): number {
  if (!Number.isFinite(value)) return value;
  const shift = (number: number, by: number) => {
    const [mantissa, exponent = '0'] = String(number).split('e');
    return Number(`${mantissa}e${Number(exponent) + by}`);
  };
  return Math.sign(value) * shift(Math.round(shift(Math.abs(value), digits)), -digits);
}
