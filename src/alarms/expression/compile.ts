import { ExpressionError } from './expression-error.ts';
import {
  aggregatedLabels,
  combined,
  hasValues,
  type Labels,
  type Operator,
  reductions,
  rounded,
  type Series,
  type Value,
} from './series.ts';
import type { LabelTest, MetricNode, Rounding, Syntax } from './syntax.ts';

/** The values of one minute series each, in the order of the selectors; each as long as the window, oldest first. */
export type Window = readonly (readonly Value[])[];

/** Which events one series counts: those of this name that have these labels. */
export interface SeriesSelector {
  readonly name: string;
  readonly labels: Labels;
}

/** A metric as the expression has it, and its series among the selectors. */
export interface UsedMetric {
  readonly text: string;
  readonly series: readonly number[];
}

/** What a part of an expression gives, known before there are values. */
interface Shape {
  /** A value for each minute, or one for all. */
  readonly isSeries: boolean;
  /** Names of its labels; null without labels. */
  readonly labels: readonly string[] | null;
  /** Whether it is the result of a comparison or of comparisons joined by && and ||. */
  readonly compares: boolean;
}

/** A part of an expression that can be evaluated. */
export interface Compiled extends Shape {
  readonly evaluate: (window: Window) => readonly Series[];
}

export interface CompileOptions {
  /**
   * Why there is no metric of a name; null where there is.
   * @param isPredicted whether the values that are predicted of it are meant
   */
  readonly whyUnknown: (metric: string, isPredicted: boolean) => string | null;
}

const maxSeries = 100;

/** Compiles the parts of one expression, and collects the series that they need. */
export class Compiler {
  readonly #options: CompileOptions;
  readonly #selectors = new Map<string, number>();
  readonly #metrics = new Map<string, UsedMetric>();
  readonly #extraMinutes: number;

  constructor(root: Syntax, options: CompileOptions) {
    this.#options = options;
    this.#extraMinutes = longestTrend(root);
  }

  get selectors(): readonly SeriesSelector[] {
    return [...this.#selectors.keys()].map((key) => JSON.parse(key) as SeriesSelector);
  }

  get metrics(): readonly UsedMetric[] {
    return [...this.#metrics.values()];
  }

  /** Minutes before the period that trends look back to. */
  get extraMinutes(): number {
    return this.#extraMinutes;
  }

  /** @throws ExpressionError */
  compile(syntax: Syntax): Compiled {
    switch (syntax.kind) {
      case 'NUMBER':
        return {
          ...single,
          evaluate: () => [{ labels: [], values: [syntax.value] }],
        };
      case 'METRIC':
        return this.#minutes(syntax);
      case 'BASELINE': {
        this.#check(syntax.of.name, { isPredicted: true, position: syntax.position });
        return this.#minutes(syntax.of);
      }
      case 'TREND':
        return this.#trend(syntax);
      case 'ARITHMETIC':
      case 'COMPARISON':
      case 'BOOLEAN':
        return this.#combination(syntax);
      case 'AGGREGATION': {
        const of = this.compile(syntax.of);
        if (syntax.function === 'latest' && !of.isSeries) {
          throw new ExpressionError(syntax.of.position, 'latest needs a value for each minute.');
        }
        const reduce = reductions[syntax.function];
        return {
          ...of,
          isSeries: false,
          compares: false,
          evaluate: (window) => mapped(of.evaluate(window), (values) => [reduce(values)]),
        };
      }
      case 'ROUNDING':
        return eachValue(this.compile(syntax.of), roundingOf[syntax.function]);
      case 'ROUND':
        return eachValue(this.compile(syntax.of), (value) => rounded(value, syntax.digits));
      case 'IS_PRESENT': {
        const parts = syntax.of.map((part) => this.compile(part));
        const isPresent = (window: Window) =>
          parts.some((part) => hasValues(part.evaluate(window)));
        return {
          ...single,
          evaluate: (window) => [{ labels: [], values: [Number(isPresent(window))] }],
        };
      }
      case 'VIEW_AS_SEQ':
        return this.#firstPresent(syntax.of);
      case 'RELABELS':
        return this.#relabels(syntax);
      case 'AGGREGATE_LABELS': {
        const { of, labels } = this.#labelled(syntax.of);
        const keep = syntax.keep.filter((name) => labels.includes(name));
        const reduce = reductions[syntax.function];
        return {
          ...of,
          labels: keep.length === 0 ? null : keep,
          compares: false,
          evaluate: (window) => aggregatedLabels(of.evaluate(window), reduce, keep),
        };
      }
    }
  }

  #minutes(metric: MetricNode): Compiled {
    const { read, labels } = this.#metric(metric);
    const skipped = this.#extraMinutes;
    return {
      isSeries: true,
      labels,
      compares: false,
      evaluate: (window) => mapped(read(window), (values) => values.slice(skipped)),
    };
  }

  #check(name: string, at: { readonly isPredicted: boolean; readonly position: number }): void {
    const unknown = this.#options.whyUnknown(name, at.isPredicted);
    if (unknown !== null) throw new ExpressionError(at.position, unknown);
  }

  #metric({ name, labels, position }: MetricNode) {
    this.#check(name, { isPredicted: false, position });
    const series = combinations(labels).map((combination) => ({
      labels: combination,
      index: this.#indexOf({ name, labels: combination }, position),
    }));
    const tests = labels.map((label) => `${label.name}='${label.values.join(',')}'`);
    const text = tests.length === 0 ? name : `${name}{${tests.join(',')}}`;
    this.#metrics.set(text, { text, series: series.map(({ index }) => index) });
    return {
      labels: labels.length === 0 ? null : labels.map((label) => label.name),
      read: (window: Window): readonly Series[] =>
        series.map(({ labels: its, index }) => ({ labels: its, values: window[index] ?? [] })),
    };
  }

  #indexOf(selector: SeriesSelector, position: number): number {
    const key = JSON.stringify(selector);
    const index = this.#selectors.get(key) ?? this.#selectors.size;
    if (index >= maxSeries) {
      throw new ExpressionError(position, `An expression has at most ${maxSeries} series.`);
    }
    this.#selectors.set(key, index);
    return index;
  }

  #trend({ function: name, of, minutes }: Extract<Syntax, { kind: 'TREND' }>): Compiled {
    const { read, labels } = this.#metric(of);
    const skipped = this.#extraMinutes;
    const per = name === 'rate' ? minutes * 60 : 1;
    const differences = (values: readonly Value[]): readonly Value[] =>
      values.slice(skipped).map((value, minute) => {
        const before = values[skipped + minute - minutes] ?? null;
        return value === null || before === null ? null : (value - before) / per;
      });
    return {
      isSeries: true,
      labels,
      compares: false,
      evaluate: (window) => mapped(read(window), differences),
    };
  }

  #combination(
    syntax: Extract<Syntax, { kind: 'ARITHMETIC' | 'COMPARISON' | 'BOOLEAN' }>,
  ): Compiled {
    const [left, right] = [this.compile(syntax.left), this.compile(syntax.right)];
    const { kind, position } = syntax;
    const operator: Operator = syntax.operator;
    for (const [side, { compares }] of [
      [syntax.left, left],
      [syntax.right, right],
    ] as const) {
      if (kind === 'BOOLEAN' && !compares) {
        throw new ExpressionError(
          side.position,
          `${operator} joins comparisons: compare this side.`,
        );
      }
    }
    const matched = left.labels !== null && right.labels !== null;
    if (matched && !sameNames(left.labels, right.labels)) {
      throw new ExpressionError(
        position,
        `Both sides of ${operator} need the same labels, not ${left.labels} and ${right.labels}.`,
      );
    }
    return {
      isSeries: left.isSeries || right.isSeries,
      labels: left.labels ?? right.labels,
      compares: kind !== 'ARITHMETIC',
      evaluate: (window) =>
        combined(left.evaluate(window), right.evaluate(window), { operator, matched }),
    };
  }

  #firstPresent(of: readonly Syntax[]): Compiled {
    const parts = of.map((part) => this.compile(part));
    const [first] = parts as [Compiled];
    for (const [at, part] of parts.entries()) {
      const alike = part.isSeries === first.isSeries && sameNames(part.labels, first.labels);
      if (alike) continue;
      throw new ExpressionError(
        of[at]?.position ?? 0,
        'All parts of view_as_seq must be alike: with a value for each minute or with one, and with the same labels.',
      );
    }
    return {
      ...first,
      compares: false,
      evaluate: (window) => {
        const results = parts.map((part) => part.evaluate(window));
        return results.find(hasValues) ?? results[0] ?? [];
      },
    };
  }

  #relabels({ of: inner, from, to }: Extract<Syntax, { kind: 'RELABELS' }>): Compiled {
    const { of, labels } = this.#labelled(inner);
    const renamed = ([name, value]: Labels[number]): Labels[number] => {
      const at = name === from.name ? from.values.indexOf(value) : -1;
      return at === -1 ? [name, value] : [to.name, to.values[at] ?? value];
    };
    return {
      ...of,
      compares: false,
      labels: labels.map((name) => (name === from.name ? to.name : name)),
      evaluate: (window) =>
        of.evaluate(window).map((series) => ({ ...series, labels: series.labels.map(renamed) })),
    };
  }

  #labelled(syntax: Syntax): { readonly of: Compiled; readonly labels: readonly string[] } {
    const of = this.compile(syntax);
    if (of.labels !== null) return { of, labels: of.labels };
    throw new ExpressionError(
      syntax.position,
      "This has no labels: give them, as in name{label='a,b'}.",
    );
  }
}

const single: Shape = { isSeries: false, labels: null, compares: false };

const roundingOf: Readonly<Record<Rounding, (value: number) => number>> = {
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
};

const mapped = (
  series: readonly Series[],
  map: (values: readonly Value[]) => readonly Value[],
): readonly Series[] => series.map(({ labels, values }) => ({ labels, values: map(values) }));

const eachValue = (of: Compiled, map: (value: number) => number): Compiled => ({
  ...of,
  compares: false,
  evaluate: (window) =>
    mapped(of.evaluate(window), (values) =>
      values.map((value) => (value === null ? null : map(value))),
    ),
});

function sameNames(a: readonly string[] | null, b: readonly string[] | null): boolean {
  return JSON.stringify(a?.toSorted()) === JSON.stringify(b?.toSorted());
}

/** Every combination of the labels' values. */
const combinations = (labels: readonly LabelTest[]): readonly Labels[] =>
  labels.reduce<readonly Labels[]>(
    (before, { name, values }) =>
      before.flatMap((labelled) => values.map((value): Labels => [...labelled, [name, value]])),
    [[]],
  );

function longestTrend(syntax: Syntax): number {
  const inner = partsOf(syntax).map(longestTrend);
  return Math.max(syntax.kind === 'TREND' ? syntax.minutes : 0, ...inner, 0);
}

function partsOf(syntax: Syntax): readonly Syntax[] {
  if ('left' in syntax) return [syntax.left, syntax.right];
  if (!('of' in syntax)) return [];
  return Array.isArray(syntax.of) ? syntax.of : [syntax.of as Syntax];
}
