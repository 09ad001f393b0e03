import { quoted } from '../../event/input-error.ts';
import { ExpressionError } from './expression-error.ts';
import { type Token, tokensOf } from './lexer.ts';
import {
  aggregations,
  booleanOperators,
  comparisonOperators,
  type LabelTest,
  labelFunctions,
  type MetricNode,
  roundings,
  type Syntax,
  trends,
} from './syntax.ts';

/** MQE's functions about many entities at once: an alarm is about one. */
const unsupported: ReadonlyMap<string, string> = new Map([
  ['top_n', 'top_n compares entities, and an alarm is about one of them.'],
  ['top_n_of', 'top_n_of compares entities, and an alarm is about one of them.'],
  ['sort_values', 'sort_values orders series for a page, which an alarm does not need.'],
  [
    'sort_label_values',
    'sort_label_values orders series for a page, which an alarm does not need.',
  ],
]);

const functions: readonly string[] = [
  ...aggregations,
  ...roundings,
  ...trends,
  'round',
  'is_present',
  'view_as_seq',
  'relabels',
  'aggregate_labels',
  'baseline',
];

/** Which of the values that SkyWalking predicts of a metric. */
const predictions: readonly string[] = ['value', 'upper', 'lower'];

const maxDepth = 64;
const maxLabels = 16;
const maxLabelValues = 100;
/** Digits that round() keeps: a number has no more. */
const maxDigits = 15;
const maxTrendMinutes = 1_440;

/** Reads an expression in SkyWalking's metrics query language. @throws ExpressionError */
export const parse = (text: string): Syntax => new Parser(tokensOf(text)).whole();

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Syntax {
    const syntax = this.#expression();
    if (this.#token.kind !== 'END') throw this.#unexpected('an operator');
    return syntax;
  }

  /** Boolean operators bind least; as in SkyWalking, && and || bind alike, from left to right. */
  #expression(): Syntax {
    if (++this.#depth > maxDepth) {
      throw new ExpressionError(
        this.#token.position,
        `An expression is nested at most ${maxDepth} levels deep.`,
      );
    }
    const syntax = this.#chain(booleanOperators, 'BOOLEAN', () =>
      this.#chain(comparisonOperators, 'COMPARISON', () =>
        this.#chain(['+', '-'], 'ARITHMETIC', () =>
          this.#chain(['*', '/', '%'], 'ARITHMETIC', () => this.#operand()),
        ),
      ),
    );
    this.#depth -= 1;
    return syntax;
  }

  /** Operands with operators of one precedence between them, from left to right. */
  #chain(
    operators: readonly string[],
    kind: 'BOOLEAN' | 'COMPARISON' | 'ARITHMETIC',
    operand: () => Syntax,
  ): Syntax {
    let left = operand();
    for (;;) {
      const { kind: found, text: operator, position } = this.#token;
      if (found !== 'SYMBOL' || !operators.includes(operator)) return left;
      this.#next += 1;
      // MQE's old form of a comparison: m > bool 5.
      if (kind === 'COMPARISON') this.#takeWord('bool');
      left = { kind, operator, left, right: operand(), position } as Syntax;
    }
  }

  #operand(): Syntax {
    const token = this.#token;
    const { kind, text, position } = token;
    if (kind === 'NUMBER') {
      this.#next += 1;
      return { kind: 'NUMBER', value: Number(text), position };
    }
    if (this.#takeSymbol('(')) {
      const syntax = this.#expression();
      this.#expect(')');
      return syntax;
    }
    if (kind === 'NAME' && this.#tokens[this.#next + 1]?.text === '(') return this.#call(token);
    if (kind === 'NAME' || kind === 'QUOTED_NAME') return this.#metric();
    if (text === '-') {
      throw new ExpressionError(position, 'A number has no sign in MQE: write 0 - 5 for -5.');
    }
    throw this.#unexpected('a metric, a number, a function or (');
  }

  #call({ text: name, position }: Token): Syntax {
    const reason = unsupported.get(name);
    if (reason !== undefined) {
      throw new ExpressionError(position, `${reason} Leave ${name} out.`);
    }
    if (!functions.includes(name)) {
      throw new ExpressionError(
        position,
        `There is no function ${quoted(name)}: use one of ${functions.filter((each) => each !== 'baseline').join(', ')}.`,
      );
    }
    this.#next += 2;
    const call = this.#arguments(name, position);
    this.#expect(')');
    return call;
  }

  #arguments(name: string, position: number): Syntax {
    switch (name) {
      case 'increase':
      case 'rate':
        return { kind: 'TREND', function: name, position, of: this.#metric(), ...this.#minutes() };
      case 'is_present':
      case 'view_as_seq': {
        const of = [this.#expression()];
        while (this.#takeSymbol(',')) of.push(this.#expression());
        return { kind: name === 'is_present' ? 'IS_PRESENT' : 'VIEW_AS_SEQ', of, position };
      }
      case 'round':
        return {
          kind: 'ROUND',
          of: this.#expression(),
          digits: this.#wholeNumber(maxDigits),
          position,
        };
      case 'relabels':
        return this.#relabels(position);
      case 'aggregate_labels':
        return this.#aggregateLabels(position);
      case 'baseline':
        return this.#baseline(position);
      case 'abs':
      case 'ceil':
      case 'floor':
        return { kind: 'ROUNDING', function: name, of: this.#expression(), position };
      default: {
        const aggregation = aggregations.find((known) => known === name);
        if (aggregation === undefined) throw new Error(`no function ${name}`);
        return { kind: 'AGGREGATION', function: aggregation, of: this.#expression(), position };
      }
    }
  }

  #minutes(): { readonly minutes: number } {
    const { position } = this.#tokens[this.#next + 1] ?? this.#token;
    const minutes = this.#wholeNumber(maxTrendMinutes);
    if (minutes === 0) throw new ExpressionError(position, 'A trend needs at least 1 minute.');
    return { minutes };
  }

  /** The comma and the number after it. */
  #wholeNumber(most: number): number {
    this.#expect(',');
    const { kind, text, position } = this.#token;
    if (kind !== 'NUMBER' || !/^\d+$/.test(text)) throw this.#unexpected('a whole number');
    this.#next += 1;
    if (Number(text) <= most) return Number(text);
    throw new ExpressionError(position, `The number must be at most ${most}, not ${text}.`);
  }

  #relabels(position: number): Syntax {
    const of = this.#expression();
    this.#expect(',');
    const from = this.#label();
    this.#expect(',');
    const at = this.#token.position;
    const to = this.#label();
    if (from.values.length === to.values.length) {
      return { kind: 'RELABELS', of, from, to, position };
    }
    throw new ExpressionError(
      at,
      `${from.values.length} values cannot become ${to.values.length}: give one for each.`,
    );
  }

  #aggregateLabels(position: number): Syntax {
    const of = this.#expression();
    this.#expect(',');
    const name = labelFunctions.find((known) => known === this.#token.text);
    if (name === undefined) throw this.#unexpected(labelFunctions.join(', '));
    this.#next += 1;
    const keep: string[] = [];
    if (this.#takeSymbol('(')) {
      do keep.push(this.#name('the name of a label'));
      while (this.#takeSymbol(','));
      this.#expect(')');
    }
    return { kind: 'AGGREGATE_LABELS', of, function: name, keep, position };
  }

  #baseline(position: number): Syntax {
    const of = this.#metric();
    this.#expect(',');
    if (!predictions.includes(this.#token.text)) throw this.#unexpected(predictions.join(', '));
    this.#next += 1;
    return { kind: 'BASELINE', of, position };
  }

  #metric(): MetricNode {
    const { kind, position } = this.#token;
    if (kind !== 'NAME' && kind !== 'QUOTED_NAME') throw this.#unexpected('a metric');
    const name = this.#name('a metric');
    const labels: LabelTest[] = [];
    if (this.#takeSymbol('{') && !this.#takeSymbol('}')) {
      do labels.push(this.#label());
      while (this.#takeSymbol(','));
      this.#expect('}');
    }
    const series = labels.reduce((product, { values }) => product * values.length, 1);
    if (labels.length > maxLabels || series > maxLabelValues) {
      throw new ExpressionError(
        position,
        `A metric has at most ${maxLabels} labels and ${maxLabelValues} combinations of their values.`,
      );
    }
    return { kind: 'METRIC', name, labels, position };
  }

  #label(): LabelTest {
    const name = this.#name('the name of a label');
    this.#expect('=');
    const { kind, text, position } = this.#token;
    if (kind !== 'STRING') throw this.#unexpected('a string in quotation marks');
    this.#next += 1;
    const values = [...new Set(text.split(',').map((value) => value.trim()))];
    if (!values.includes('')) return { name, values };
    throw new ExpressionError(position, `Give the values of the label ${name}, such as 'a,b'.`);
  }

  #name(wanted: string): string {
    const { kind, text } = this.#token;
    if (kind !== 'NAME' && kind !== 'QUOTED_NAME') throw this.#unexpected(wanted);
    this.#next += 1;
    return text;
  }

  get #token(): Token {
    return this.#tokens[this.#next] as Token;
  }

  #takeSymbol(symbol: string): boolean {
    const { kind, text } = this.#token;
    if (kind !== 'SYMBOL' || text !== symbol) return false;
    this.#next += 1;
    return true;
  }

  #takeWord(word: string): void {
    const { kind, text } = this.#token;
    if (kind === 'NAME' && text.toLowerCase() === word) this.#next += 1;
  }

  #expect(symbol: string): void {
    if (!this.#takeSymbol(symbol)) throw this.#unexpected(symbol);
  }

  #unexpected(wanted: string): ExpressionError {
    const { kind, text, position } = this.#token;
    const found = kind === 'END' ? 'the expression ends' : `${quoted(text)} follows`;
    return new ExpressionError(position, `Expected ${wanted}, but ${found}.`);
  }
}
