export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';

export const comparisonOperators = ['>', '>=', '<', '<=', '==', '!='] as const;
export type Comparison = (typeof comparisonOperators)[number];

export const booleanOperators = ['&&', '||'] as const;
export type BooleanOperator = (typeof booleanOperators)[number];

/** Functions that make one value of a series. */
export const aggregations = ['avg', 'count', 'latest', 'sum', 'max', 'min'] as const;
type Aggregation = (typeof aggregations)[number];

/** Functions that change each value by itself. */
export const roundings = ['abs', 'ceil', 'floor'] as const;
export type Rounding = (typeof roundings)[number];

export const trends = ['increase', 'rate'] as const;
type Trend = (typeof trends)[number];

export const labelFunctions = ['sum', 'avg', 'max', 'min'] as const;
type LabelFunction = (typeof labelFunctions)[number];

/** `status='4xx,5xx'`: the values are those between the commas. */
export interface LabelTest {
  readonly name: string;
  readonly values: readonly string[];
}

interface At {
  /** Of the first character, from 0. */
  readonly position: number;
}

export type MetricNode = At & {
  readonly kind: 'METRIC';
  readonly name: string;
  readonly labels: readonly LabelTest[];
};

/** An expression as it was written, in parentheses or not. */
export type Syntax =
  | MetricNode
  | (At & { readonly kind: 'NUMBER'; readonly value: number })
  | (At & {
      readonly kind: 'ARITHMETIC';
      readonly operator: ArithmeticOperator;
      readonly left: Syntax;
      readonly right: Syntax;
    })
  | (At & {
      readonly kind: 'COMPARISON';
      readonly operator: Comparison;
      readonly left: Syntax;
      readonly right: Syntax;
    })
  | (At & {
      readonly kind: 'BOOLEAN';
      readonly operator: BooleanOperator;
      readonly left: Syntax;
      readonly right: Syntax;
    })
  | (At & { readonly kind: 'AGGREGATION'; readonly function: Aggregation; readonly of: Syntax })
  | (At & { readonly kind: 'ROUNDING'; readonly function: Rounding; readonly of: Syntax })
  | (At & { readonly kind: 'ROUND'; readonly of: Syntax; readonly digits: number })
  | (At & {
      readonly kind: 'TREND';
      readonly function: Trend;
      readonly of: MetricNode;
      readonly minutes: number;
    })
  /** What is predicted of a metric. */
  | (At & { readonly kind: 'BASELINE'; readonly of: MetricNode })
  | (At & { readonly kind: 'IS_PRESENT'; readonly of: readonly Syntax[] })
  | (At & { readonly kind: 'VIEW_AS_SEQ'; readonly of: readonly Syntax[] })
  | (At & {
      readonly kind: 'RELABELS';
      readonly of: Syntax;
      readonly from: LabelTest;
      readonly to: LabelTest;
    })
  | (At & {
      readonly kind: 'AGGREGATE_LABELS';
      readonly of: Syntax;
      readonly function: LabelFunction;
      /** The labels that are kept; none means one series. */
      readonly keep: readonly string[];
    });
