import {
  type Compiled,
  type CompileOptions,
  Compiler,
  type SeriesSelector,
  type UsedMetric,
  type Window,
} from './compile.ts';
import { ExpressionError } from './expression-error.ts';
import { parse } from './parser.ts';
import type { Value } from './series.ts';
import type { Syntax } from './syntax.ts';

/** Whether an expression holds over a window, and the numbers of its first comparison. */
export interface Verdict {
  readonly holds: boolean;
  /** The left side of the comparison; null where there were no events to count. */
  readonly value: Value;
  /** The right side. */
  readonly threshold: Value;
}

/** An expression of SkyWalking's metrics query language that an alarm can use: its root compares, for one value. */
export interface AlarmExpression {
  readonly text: string;
  /** The series that a window has, in their order. */
  readonly series: readonly SeriesSelector[];
  readonly metrics: readonly UsedMetric[];
  /** Minutes of a window before the rule's period, for increase and rate. */
  readonly extraMinutes: number;
  /** @param window each series of the period and the extra minutes before it, oldest minute first */
  evaluate(window: Window): Verdict;
}

const everyMetric: CompileOptions = { whyUnknown: () => null };

/** @throws ExpressionError with the character at fault */
export function alarmExpression(
  text: string,
  options: CompileOptions = everyMetric,
): AlarmExpression {
  const syntax = parse(text);
  const compiler = new Compiler(syntax, options);
  const root = compiler.compile(syntax);
  checkRoot(syntax, root);
  const { selectors: series, metrics, extraMinutes } = compiler;
  if (metrics.length === 0) {
    throw new ExpressionError(0, 'The expression has no metric, so that it never changes.');
  }
  const sides = comparisonIn(syntax);
  // Compiled again, so that their series are those of the whole: the compiler knows each already.
  const [left, right] = [compiler.compile(sides.left), compiler.compile(sides.right)];
  return {
    text,
    series,
    metrics,
    extraMinutes,
    evaluate(window) {
      const results = root.evaluate(window).map(({ values }) => values[0] ?? null);
      const at = results.indexOf(1);
      // Most checks make no alarm, and then nobody asks for the numbers.
      const value = once(() => singleValue(left, window, at));
      const threshold = once(() => singleValue(right, window, at));
      return {
        holds: at !== -1,
        get value() {
          return value();
        },
        get threshold() {
          return threshold();
        },
      };
    },
  };
}

function once(compute: () => Value): () => Value {
  let value: Value | undefined;
  return () => {
    if (value === undefined) value = compute();
    return value;
  };
}

function checkRoot(syntax: Syntax, { compares, isSeries }: Compiled): void {
  if (!compares) {
    throw new ExpressionError(
      syntax.position,
      'The expression does not compare: write a comparison around it, such as sum(Unhealthy) > 5.',
    );
  }
  if (isSeries) {
    throw new ExpressionError(
      syntax.position,
      'The comparison gives a value for each minute: write an aggregation, such as sum(Unhealthy > 5) >= 1.',
    );
  }
}

/** The first comparison below && and ||. */
function comparisonIn(syntax: Syntax): Extract<Syntax, { kind: 'COMPARISON' }> {
  if (syntax.kind === 'COMPARISON') return syntax;
  if (syntax.kind === 'BOOLEAN') return comparisonIn(syntax.left);
  throw new Error(`an expression whose root is ${syntax.kind} has no comparison`);
}

/** @param at the series that holds; -1 for none, and then the first one is meant */
function singleValue(of: Compiled, window: Window, at: number): Value {
  const series = of.evaluate(window);
  return (series[Math.max(at, 0)] ?? series[0])?.values[0] ?? null;
}
