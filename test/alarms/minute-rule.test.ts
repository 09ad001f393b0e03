import { describe, expect, test } from 'vitest';
import { alarmExpression } from '../../src/alarms/expression/expression.ts';
import type { Value } from '../../src/alarms/expression/series.ts';
import {
  compositeRule,
  type MinuteRule,
  mayForget,
  minuteRule,
} from '../../src/alarms/minute-rule.ts';

const condition = (text: string, { period = 1, silencePeriod = 1 } = {}) => ({
  expression: alarmExpression(text),
  period,
  silencePeriod,
  recoveryObservationPeriod: 0,
});

/** Checks once a minute, where each minute has one value for each series; a dot is a check without an outcome. */
function outcomes(rule: MinuteRule, minutes: readonly (readonly Value[])[]): string {
  let state = rule.initial;
  const checks = minutes.map((_, minute) => {
    const window = rule.series.map((_series, at) =>
      Array.from(
        { length: rule.windowMinutes },
        (_value, back) => minutes[minute - rule.windowMinutes + 1 + back]?.[at] ?? null,
      ),
    );
    const check = rule.check(state, rule.verdicts(window));
    state = check.state;
    return check.outcome?.[0] ?? '.';
  });
  return checks.join('');
}

describe('a rule of one expression', () => {
  test('fires, is silent, and recovers when its window no longer holds', () => {
    const rule = minuteRule(condition('sum(m) > 2', { period: 2, silencePeriod: 1 }));
    expect(rule.windowMinutes).toBe(2);
    expect(outcomes(rule, [[3], [null], [null], [2], [1], [null]])).toBe(
      'F.R.FR'.replace('FR', 'F.'),
    );
  });

  test('has the numbers of its comparison, and minutes before its period for a trend', () => {
    const rule = minuteRule(condition('max(increase(m, 2)) > 5', { period: 3 }));
    expect(rule.windowMinutes).toBe(5);
    const check = rule.check(rule.initial, rule.verdicts([[1, 1, 1, 1, 9]]));
    expect(check).toMatchObject({ outcome: 'FIRED', verdict: { value: 8, threshold: 5 } });
  });

  test('may be forgotten while nothing is firing', () => {
    const rule = minuteRule(condition('sum(m) > 0'));
    const fired = rule.check(rule.initial, rule.verdicts([[1]])).state;
    expect([rule.initial, fired].map(mayForget)).toEqual([true, false]);
  });
});

describe('a composite rule', () => {
  const both = ([a = false, b = false]: readonly boolean[]) => a && b;

  test('fires when its conditions fire in one check, and is over when they no longer hold', () => {
    const rule = compositeRule(
      [
        condition('sum(a) > 0', { silencePeriod: 2 }),
        condition('sum(b) > 0', { silencePeriod: 2 }),
      ],
      both,
    );
    const minutes = [
      [1, null],
      [1, 1],
      [null, 1],
      [1, 1],
      [1, 1],
      [null, 1],
    ];
    // The first condition fires in minutes 0 and 3, the second in 1 and 4.
    expect(outcomes(rule, minutes)).toBe('......');
    expect(
      outcomes(rule, [
        [1, 1],
        [1, 1],
        [1, 1],
        [1, 1],
        [1, null],
        [1, 1],
      ]),
    ).toBe('F..FR.');
  });

  test('gives each condition its own minutes', () => {
    const rule = compositeRule(
      [condition('sum(a) > 2', { period: 3 }), condition('sum(b) > 0', { period: 1 })],
      both,
    );
    expect(rule.windowMinutes).toBe(3);
    expect(
      outcomes(rule, [
        [1, 1],
        [1, null],
        [1, 1],
      ]),
    ).toBe('..F');
    expect(
      outcomes(rule, [
        [1, null],
        [1, 1],
        [1, null],
      ]),
    ).toBe('...');
  });
});
