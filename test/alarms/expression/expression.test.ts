import { describe, expect, test } from 'vitest';
import type { Window } from '../../../src/alarms/expression/compile.ts';
import { alarmExpression } from '../../../src/alarms/expression/expression.ts';
import { ExpressionError } from '../../../src/alarms/expression/expression-error.ts';
import type { Value } from '../../../src/alarms/expression/series.ts';

/** A minute without events. */
const nothing = null as Value;

/** Evaluates over a window of one series, or of several in the order in which the expression names them. */
const verdict = (text: string, ...window: Window) => alarmExpression(text).evaluate(window);
const holds = (text: string, ...window: Window) => verdict(text, ...window).holds;

describe('aggregations', () => {
  const window = [1, nothing, 4, 2, nothing];

  test.each([
    ['sum(m) == 7', true],
    ['avg(m) > 2.33', true],
    ['avg(m) > 2.34', false],
    ['max(m) == 4', true],
    ['min(m) == 1', true],
    ['latest(m) == 2', true],
    ['count(m) == 3', true],
    ['sum(m > 1) >= 2', true],
    ['sum(m > 1) >= 3', false],
    ['count(m > 100) == 3', true],
    ['sum(sum(m)) == 7', true],
  ])('%s over 1, none, 4, 2, none: %s', (text, expected) => {
    expect(holds(text, window)).toBe(expected);
  });

  test.each([
    ['avg(m) >= 0', false],
    ['max(m) >= 0', false],
    ['latest(m) < 1', false],
    ['count(m) == 0', true],
    ['sum(m) == 0', true],
    ['sum(m < 1) >= 1', false],
  ])('%s over minutes without events: %s', (text, expected) => {
    expect(holds(text, [nothing, nothing])).toBe(expected);
  });
});

describe('operators', () => {
  test.each([
    ['sum(m) + 2 * 3 == 7', true],
    ['(sum(m) + 2) * 3 == 9', true],
    ['10 - 3 - 2 == sum(m) * 5', true],
    ['17 % 5 == sum(m) * 2', true],
    ['sum(m) / 0 > 1000', true],
    ['sum(m) != 1', false],
    ['sum(m) <= 1', true],
    ['sum(m) > BOOL 0', true],
    ['1.5 > sum(m)', true],
  ])('%s over one event: %s', (text, expected) => {
    expect(holds(text, [1])).toBe(expected);
  });

  test('a minute that one of two metrics lacks has no value', () => {
    expect(holds('count(a + b) == 1', [1, nothing, 3], [1, 2, nothing])).toBe(true);
  });

  test('two metrics are compared minute by minute', () => {
    expect(holds('sum((a > 2) * (b < 9)) >= 2', [3, 3, 3], [8, 9, 7])).toBe(true);
    expect(holds('sum(a > 2 && b < 9) >= 3', [3, 3, 3], [8, 9, 7])).toBe(false);
    expect(holds('sum(a > b) == 2', [3, 9, 8], [8, 2, 7])).toBe(true);
  });

  test('&& and || have one precedence, from left to right', () => {
    expect(holds('sum(a) > 0 || sum(a) > 0 && sum(a) > 9', [1])).toBe(false);
    expect(holds('sum(a) > 0 || (sum(a) > 0 && sum(a) > 9)', [1])).toBe(true);
  });

  test('a comparison in parentheses is one', () => {
    expect(holds('((sum(a) > 0))', [1])).toBe(true);
    expect(holds('(avg(a) > 0) && (max(b) > 10)', [1], [11])).toBe(true);
  });
});

describe('functions', () => {
  test.each([
    ['abs(0 - sum(m)) == 2.5', true],
    ['ceil(sum(m)) == 3', true],
    ['floor(sum(m)) == 2', true],
    ['round(sum(m), 0) == 3', true],
    ['round(sum(m) / 3, 2) == 0.83', true],
    ['round(1.005, 2) == 1.01 && sum(m) > 0', true],
    ['round(0 - sum(m), 0) == 0 - 3', true],
    ['is_present(m, other) == 1', true],
    ['is_present(other) == 0 && sum(m) > 0', true],
    ['sum(view_as_seq(other, m)) == 2.5', true],
    ['avg(view_as_seq(m, other)) == 2.5', true],
  ])('%s: %s', (text, expected) => {
    const expression = alarmExpression(text);
    const window = expression.series.map(({ name }) => (name === 'm' ? [2.5] : [nothing]));
    expect(expression.evaluate(window).holds).toBe(expected);
  });

  test('increase compares with the minutes before the period', () => {
    const expression = alarmExpression('sum(increase(m, 2) > 3) >= 2');
    expect(expression.extraMinutes).toBe(2);
    expect(expression.evaluate([[1, 2, 5, 6, nothing]]).holds).toBe(true);
    expect(expression.evaluate([[1, nothing, 5, 6, 5]]).holds).toBe(false);
  });

  test('rate is the increase a second', () => {
    expect(holds('latest(rate(m, 1)) == 0.5', [10, 40])).toBe(true);
  });

  test('a metric without a trend keeps the period alone', () => {
    expect(holds('max(increase(m, 1)) == 1 && sum(m) == 3', [100, 1, 2])).toBe(true);
  });
});

describe('labels', () => {
  test('an alarm needs one of the labelled series', () => {
    const expression = alarmExpression("sum(m{p='50,75'} > 1000) >= 3");
    expect(expression.series).toEqual([
      { name: 'm', labels: [['p', '50']] },
      { name: 'm', labels: [['p', '75']] },
    ]);
    const p50 = [1000, 1100, 1200, 1000, 500];
    expect(expression.evaluate([p50, [2000, 1500, 1200, 1000, 500]])).toEqual({
      holds: true,
      value: 3,
      threshold: 3,
    });
    expect(expression.evaluate([p50, p50]).holds).toBe(false);
  });

  test.each([
    ['sum', [5, 9, 1], true],
    ['sum', [5, 6, 1], false],
    ['max', [5, 12, 11], true],
    ['max', [5, 9, 1], false],
    ['min', [5, 9, 1], false],
    ['avg', [15, 17, 1], true],
  ] as const)('labels are aggregated by %s with %j', (name, other, expected) => {
    const text = `sum(aggregate_labels(m{status='4xx,5xx'}, ${name}) > 10) == 2`;
    expect(holds(text, [6, 4, 9], other)).toBe(expected);
  });

  test('labels that are kept group the others', () => {
    const expression = alarmExpression("max(aggregate_labels(m{a='1,2',b='x,y'}, sum(a))) == 70");
    const values = new Map([
      ['1x', 10],
      ['1y', 20],
      ['2x', 30],
      ['2y', 40],
    ]);
    const window = expression.series.map(({ labels }) => [
      values.get(labels.map(([, value]) => value).join('')) ?? nothing,
    ]);
    expect(expression.evaluate(window).holds).toBe(true);
  });

  test('labelled series meet those of the same labels', () => {
    expect(holds("max(a{p='1,2'} - b{p='2,1'}) == 5", [7, 1], [9, 9], [9, 9], [2, 9])).toBe(true);
  });

  test('relabels renames', () => {
    const text = "sum(relabels(a{p='0,1'}, p='0,1', q='50,75') - b{q='50,75'}) == 2";
    expect(holds(text, [3], [9], [1], [9])).toBe(true);
  });
});

test('value and threshold are the sides of the first comparison', () => {
  expect(verdict('sum(m) > 5', [4, 3])).toEqual({ holds: true, value: 7, threshold: 5 });
  expect(verdict('sum(m) > 5', [4])).toEqual({ holds: false, value: 4, threshold: 5 });
  expect(verdict('avg(m) > max(n) && sum(m) > 1', [nothing], [3])).toEqual({
    holds: false,
    value: nothing,
    threshold: 3,
  });
});

test('an expression names its metrics as it has them', () => {
  const { metrics, series } = alarmExpression(
    "sum(Unhealthy) > 1 && max(Unhealthy{ type = 'Error, Normal' }) > sum(`a.b`)",
  );
  expect(metrics).toEqual([
    { text: 'Unhealthy', series: [0] },
    { text: "Unhealthy{type='Error,Normal'}", series: [1, 2] },
    { text: 'a.b', series: [3] },
  ]);
  expect(series[3]).toEqual({ name: 'a.b', labels: [] });
});

describe('a mistake is rejected with its position', () => {
  test.each([
    ['', 1, /Expected a metric.*the expression ends/],
    ['sum(m)', 1, /does not compare/],
    ['sum(m) + 1', 8, /does not compare/],
    ['m > 5', 3, /value for each minute/],
    ['(a > 1) * (b > 1)', 9, /does not compare/],
    ['sum(m > 5) >=', 14, /Expected .*a number.* but the expression ends/],
    ['sum(m > ) >= 1', 9, /Expected .*a number.* but "\)" follows/],
    ['sum(m) > five six', 15, /Expected an operator, but "six" follows/],
    ['median(m) > 1', 1, /There is no function "median": use one of avg, count/],
    ['constructor(m) > 1', 1, /There is no function "constructor": use one of avg, count/],
    ['sum(top_n(m, 3, des)) > 1', 5, /top_n compares entities/],
    ['sum(m > baseline(m, middle)) > 3', 21, /Expected value, upper, lower/],
    ['sum(m > baseline(sum(m), upper)) > 3', 21, /Expected ,/],
    ['sum(m > 1 >= 1', 15, /Expected \), but the expression ends/],
    ['sum(m) > 1 && sum(m)', 15, /joins comparisons/],
    ['is_present(m) && sum(m) > 1', 1, /joins comparisons/],
    ['latest(sum(m)) > 1', 8, /latest needs a value for each minute/],
    ['round(sum(m), x) > 1', 15, /Expected a whole number/],
    ['round(sum(m), 1.5) > 1', 15, /Expected a whole number/],
    ['sum(increase(m, 0)) > 1', 17, /at least 1 minute/],
    ['sum(increase(m, 1441)) > 1', 17, /at most 1440/],
    ['sum(increase(m + 1, 2)) > 1', 16, /Expected ,/],
    ["sum(m{a=''}) > 1", 9, /Give the values of the label a/],
    ["sum(m{a='1}) > 1", 9, /quotation mark ' is not closed/],
    ["sum(a{x='1'} - b{y='1'}) > 1", 14, /need the same labels, not x and y/],
    ['sum(aggregate_labels(m, sum)) > 1', 22, /no labels/],
    ["sum(aggregate_labels(m{a='1'}, median)) > 1", 32, /Expected sum, avg, max, min/],
    ["sum(relabels(m{a='1,2'}, a='1,2', b='1')) > 1", 35, /2 values cannot become 1/],
    ['sum(m) > -5', 10, /write 0 - 5/],
    ['sum(m) > 5;', 11, /";" does not belong/],
    ['1 > 0', 1, /no metric/],
    ["sum(m{a='1,2,3,4,5,6,7,8,9,10,11',b='1,2,3,4,5,6,7,8,9,10'}) > 1", 5, /100 combinations/],
  ])('%s', (text, character, reason) => {
    const fault = faultOf(text);
    expect(fault.message).toMatch(reason);
    expect(fault.position + 1).toBe(character);
    expect(fault.message).toMatch(new RegExp(`^At character ${character}: `));
  });

  test.each([
    ['levels', `${'('.repeat(70)}m`, 65, /nested at most 64/],
    ['characters', `sum(m) > ${'1'.repeat(5_000)}`, 4_097, /at most 4096 characters/],
    ['tokens', `sum(m) > 1${' + 1'.repeat(600)}`, 2_000, /at most 1000 tokens/],
  ])('too many %s', (_, text, character, reason) => {
    const fault = faultOf(text);
    expect(fault.message).toMatch(reason);
    expect(fault.position + 1).toBe(character);
  });

  test('an unknown metric, where its name is known to be none', () => {
    const whyUnknown = (name: string) => (name === 'm' ? null : `There is no metric ${name}.`);
    expect(() => alarmExpression('sum(m) > sum(n)', { whyUnknown })).toThrow(
      'At character 14: There is no metric n.',
    );
  });
});

function faultOf(text: string): ExpressionError {
  try {
    alarmExpression(text);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error('the expression was accepted');
}
