import type { SeriesSelector, UsedMetric, Window } from './expression/compile.ts';
import type { AlarmExpression, Verdict } from './expression/expression.ts';
import {
  afterCheck,
  initialMinuteState,
  type MinutePeriods,
  type MinutePhase,
  type MinuteState,
} from './minute-state.ts';

/** The state of one entity of a rule. It is JSON. */
export interface MinuteRuleState extends MinuteState {
  /** Of the conditions that a composite rule joins; empty for other rules. */
  readonly parts: readonly MinuteState[];
}

/** One check of one entity. */
export interface MinuteCheck {
  readonly state: MinuteRuleState;
  /** FIRED again after a silence as well; null where nobody is to be notified. */
  readonly outcome: 'FIRED' | 'RECOVERED' | null;
  readonly verdict: Verdict;
}

/** A rule that is checked once a minute for each entity, over the counts of its last minutes. */
export interface MinuteRule {
  /** The series of a window. */
  readonly series: readonly SeriesSelector[];
  readonly metrics: readonly UsedMetric[];
  /** Minutes of a window. */
  readonly windowMinutes: number;
  /** The state of an entity that has not been checked. */
  readonly initial: MinuteRuleState;
  /**
   * Ages at which a minute counts otherwise than in the check before, in checks since it began: from the first of them
   * on it is seen. Verdicts stay the same until a minute with events has one of these ages, or has other events.
   */
  readonly ages: readonly number[];
  /** Of each condition that it joins; of a rule of one expression, of that. */
  verdicts(window: Window): readonly Verdict[];
  /**
   * The state of an entity after a check. An entity whose window is empty and whose state may be forgotten is not
   * checked: it is one that nothing is known of.
   */
  check(state: MinuteRuleState, verdicts: readonly Verdict[]): MinuteCheck;
}

/** Whether the state says no more than the initial one. */
export const mayForget = ({ phase, parts }: MinuteRuleState): boolean =>
  [phase, ...parts.map((part) => part.phase)].every(isOver);

const isOver = (phase: MinutePhase): boolean => phase === 'NORMAL' || phase === 'RECOVERED';

/** One day. */
export const maxPeriodMinutes = 1_440;

export interface Condition extends MinutePeriods {
  readonly expression: AlarmExpression;
  /** Minutes that the expression looks at, from 1 to maxPeriodMinutes. */
  readonly period: number;
}

/** A rule of one expression. */
export function minuteRule(condition: Condition): MinuteRule {
  const { expression, period } = condition;
  return {
    series: expression.series,
    metrics: expression.metrics,
    windowMinutes: period + expression.extraMinutes,
    initial: { ...initialMinuteState(condition), parts: [] },
    ages: agesOf([condition]),
    verdicts: (window) => [expression.evaluate(window)],
    check(state, [verdict = nothing]) {
      const after = { ...afterCheck(state, verdict.holds, condition), parts: [] };
      return { state: after, outcome: outcomeOf(after.phase), verdict };
    },
  };
}

function outcomeOf(phase: MinutePhase): MinuteCheck['outcome'] {
  if (phase === 'FIRING') return 'FIRED';
  return phase === 'RECOVERED' ? 'RECOVERED' : null;
}

/** Whether a composite rule holds, by whether each of its conditions does. */
export type Composition = (parts: readonly boolean[]) => boolean;

/**
 * A rule that joins conditions, as SkyWalking had them before 9.6. It fires in a check in which its conditions fire,
 * and is over once they no longer hold, which their silences do not change.
 */
export function compositeRule(
  conditions: readonly Condition[],
  composition: Composition,
): MinuteRule {
  const parts = withOwnSeries(conditions);
  const windowMinutes = Math.max(...conditions.map(minutesOf));
  return {
    series: conditions.flatMap(({ expression }) => expression.series),
    metrics: metricsOf(conditions),
    windowMinutes,
    initial: {
      phase: 'NORMAL',
      silenceCountdown: -1,
      recoveryCountdown: -1,
      parts: conditions.map(initialMinuteState),
    },
    ages: agesOf(conditions),
    verdicts: (window) =>
      parts.map(({ condition, windowOf }) =>
        condition.expression.evaluate(windowOf(window, windowMinutes)),
      ),
    check(state, verdicts) {
      const after = conditions.map((condition, at) =>
        afterCheck(
          state.parts[at] ?? initialMinuteState(condition),
          verdicts[at]?.holds ?? false,
          condition,
        ),
      );
      const fires = composition(after.map(({ phase }) => phase === 'FIRING'));
      const holds = composition(verdicts.map((verdict) => verdict.holds));
      const phase = phaseOf(state.phase, fires, holds);
      return {
        state: { ...state, phase, parts: after },
        outcome: outcomeOf(phase),
        // The numbers are those of the first condition that holds, else of the first.
        verdict: verdicts.find((each) => each.holds) ?? verdicts[0] ?? nothing,
      };
    },
  };
}

function phaseOf(before: MinutePhase, fires: boolean, holds: boolean): MinutePhase {
  if (fires) return 'FIRING';
  if (isOver(before)) return 'NORMAL';
  return holds ? 'SILENCED_FIRING' : 'RECOVERED';
}

const nothing: Verdict = { holds: false, value: null, threshold: null };

/**
 * A minute is seen from its first check on, leaves the period, and leaves what trends look back to. In between only the
 * order of minutes and the distances between them count, which stay the same.
 */
const agesOf = (conditions: readonly Condition[]): readonly number[] => [
  ...new Set([1, ...conditions.flatMap((each) => [each.period + 1, minutesOf(each) + 1])]),
];

const minutesOf = ({ period, expression }: Condition): number => period + expression.extraMinutes;

/** The metrics of all conditions, each once, and its series among those of all. */
function metricsOf(conditions: readonly Condition[]): readonly UsedMetric[] {
  const metrics = new Map<string, UsedMetric>();
  let begin = 0;
  for (const { expression } of conditions) {
    const from = begin;
    for (const { text, series } of expression.metrics) {
      if (!metrics.has(text)) metrics.set(text, { text, series: series.map((at) => from + at) });
    }
    begin += expression.series.length;
  }
  return [...metrics.values()];
}

function withOwnSeries(conditions: readonly Condition[]) {
  let begin = 0;
  return conditions.map((condition) => {
    const from = begin;
    begin += condition.expression.series.length;
    const to = begin;
    const windowOf = (window: Window, minutes: number): Window =>
      window.slice(from, to).map((values) => values.slice(minutes - minutesOf(condition)));
    return { condition, windowOf };
  });
}
