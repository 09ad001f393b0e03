import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alarmExpression } from '../../src/alarms/expression/expression.ts';
import type { EventMinute } from '../../src/alarms/minute-evaluator.ts';
import { compositeRule, type MinuteRule, minuteRule } from '../../src/alarms/minute-rule.ts';
import { openEvaluator } from '../../src/alarms/open-evaluator.ts';
import { type AlarmRule, type AlarmRuleInput, parseRule } from '../../src/alarms/rule.ts';
import type { AlarmChange, RuleEvaluator, SavedState } from '../../src/alarms/rule-evaluator.ts';
import { SampleBook } from '../../src/alarms/sample-book.ts';
import type { Event } from '../../src/event/event.ts';
import { compileFilter } from '../../src/event/matcher.ts';
import { blankEvent } from './events.ts';
import {
  type Expression,
  minute,
  type PlainChange,
  PlainMinutes,
  second,
  sorted,
} from './plain-minutes.ts';

const ruleId = '11111111-2222-4333-8444-555555555555';

const ruleOf = (expression: Expression, input: Partial<AlarmRuleInput> = {}): AlarmRule =>
  parseRule(
    {
      name: 'a rule',
      namespace: 'default',
      condition: { expression },
      entity: [{ field: 'KEY' }],
      severity: 'ERROR',
      enabled: true,
      ...input,
    },
    { maxFilterDepth: 8, path: ['input'] },
  );

interface OpenOptions {
  readonly eventMinute?: EventMinute;
  readonly maxEntities?: number;
  readonly book?: SampleBook;
}

const open = (
  rule: AlarmRule,
  { eventMinute = 'arrival', maxEntities = 100, book = new SampleBook(100_000) }: OpenOptions = {},
): RuleEvaluator => openEvaluator({ ruleId, rule, book, maxEntities, since: 0, eventMinute });

const plainChangesOf = (changes: readonly AlarmChange[]): readonly PlainChange[] =>
  sorted(changes.map(({ kind, labels, at }) => ({ kind, entity: labels[0] ?? null, at })));

interface Change {
  readonly at: number;
  readonly event: Event;
}

const expressions = fc.record({
  expression: fc.constantFrom('sum(A) > 2', 'sum(A) > sum(B)', 'sum(A > 1) >= 2'),
  period: fc.integer({ min: 1, max: 4 }),
  silencePeriod: fc.integer({ min: 0, max: 3 }),
  recoveryObservationPeriod: fc.integer({ min: 0, max: 2 }),
});

const steps = fc.array(
  fc.record({
    /** In seconds. */
    wait: fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: 0, max: 40 }) },
      fc.integer({ min: 0, max: 400 }),
    ),
    id: fc.integer({ min: 0, max: 14 }),
    ends: fc.boolean(),
    late: fc.integer({ min: -20, max: 120 }),
    delay: fc.integer({ min: 0, max: 40 }),
    key: fc.constantFrom('a', 'a', 'b', null),
    action: fc.constantFrom('A', 'A', 'A', 'B', 'C'),
    severity: fc.constantFrom('ERROR', 'ERROR', 'ERROR', 'NORMAL'),
  }),
  { maxLength: 60 },
);
type Step =
  typeof steps extends fc.Arbitrary<infer Steps> ? (Steps & readonly unknown[])[number] : never;

/** Events begin and end, change, and arrive late; the evaluator gets each a while after its arrival. */
function historyOf(given: readonly Step[]): readonly Change[] {
  const known = new Map<number, Event>();
  let at = 100 * minute;
  return given.map((step, n) => {
    at += step.wait * second;
    const before = known.get(step.id);
    const moment = at - step.late * second;
    const time = Math.min(before?.time ?? moment, moment);
    const event: Event = {
      ...blankEvent,
      id: `event ${step.id}`,
      action: step.action,
      type: `Job.${step.action}`,
      key: step.key,
      severity: step.severity as Event['severity'],
      time,
      endTime: step.ends ? Math.max(time, moment) : (before?.endTime ?? null),
      recordedAt: Math.max(before?.recordedAt ?? 0, at - step.delay * second),
      index: n + 1,
    };
    known.set(step.id, event);
    return { at, event };
  });
}

/** Another evaluator that goes on with the states, and with the events that are stored. */
function restarted(
  evaluator: RuleEvaluator,
  latest: Iterable<Event>,
  { at, eventMinute }: { readonly at: number; readonly eventMinute: EventMinute },
): RuleEvaluator {
  const { rule } = evaluator;
  const again = open(rule, { eventMinute });
  for (const { entity, state } of evaluator.states()) {
    if (state !== null) again.restore(entity, JSON.parse(JSON.stringify(state)));
  }
  const matches = compileFilter(rule.filter);
  for (const event of latest) if (matches(event)) again.insert(event);
  expect(again.settle(at)).toEqual([]);
  return again;
}

interface Evaluated {
  readonly expression: Expression;
  readonly eventMinute: EventMinute;
  /** The changes after which another evaluator goes on. */
  readonly restarts: readonly number[];
  /** Is given the same. */
  readonly plain: PlainMinutes;
}

function evaluated(
  history: readonly Change[],
  { expression, eventMinute, restarts, plain }: Evaluated,
): readonly AlarmChange[] {
  const rule = ruleOf(expression, { filter: { severities: ['ERROR'] } });
  const matches = compileFilter(rule.filter);
  const latest = new Map<string, Event>();
  let now = 100 * minute;
  let evaluator = open(rule, { eventMinute });
  const changes: AlarmChange[] = [...evaluator.settle(now)];
  for (const [n, { at, event }] of history.entries()) {
    plain.advance(now, at);
    plain.change(event);
    changes.push(...evaluator.apply(event, at, matches(event)));
    latest.set(event.id, event);
    if (restarts.includes(n)) {
      evaluator = restarted(evaluator, latest.values(), { at, eventMinute });
    }
    now = at;
  }
  const to = now + 20 * minute;
  plain.advance(now, to);
  return [...changes, ...evaluator.advance(to)];
}

describe('a rule that is checked once a minute', () => {
  test('fires and recovers as counting the whole history again in each check says, over restarts as well', () => {
    fc.assert(
      fc.property(
        expressions,
        steps,
        fc.constantFrom('arrival', 'startTime'),
        fc.array(fc.integer({ min: 0, max: 59 }), { maxLength: 4 }),
        (expression, given, eventMinute, restarts) => {
          const plain = new PlainMinutes(expression, eventMinute);
          const changes = evaluated(historyOf(given), {
            expression,
            eventMinute,
            restarts,
            plain,
          });
          expect(plainChangesOf(changes)).toEqual(sorted(plain.changes));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  const periods = { period: 1, silencePeriod: 1, recoveryObservationPeriod: 0 };
  const event = (id: string, at: number, given: Partial<Event> = {}): Event => ({
    ...blankEvent,
    id,
    action: 'A',
    type: 'Job.A',
    time: at,
    recordedAt: at,
    ...given,
  });

  test('says the number, the evidence, and the values of its metrics when it fires', () => {
    const evaluator = open(
      ruleOf({ ...periods, expression: "sum(A{zone='x'}) >= 2" }, { entity: [] }),
    );
    evaluator.settle(100 * minute);
    const traits = [{ name: 'zone', type: 'TEXT' as const, value: 'x' }];
    evaluator.apply(event('1', 100 * minute, { traits }), 100 * minute, true);
    evaluator.apply(event('2', 100 * minute + second, { traits }), 100 * minute + second, true);
    evaluator.apply(event('3', 100 * minute + second), 100 * minute + second, true);
    expect(evaluator.nextDueAt).toBe(100 * minute + 15 * second);
    const [change] = evaluator.advance(101 * minute + 15 * second);
    expect(change).toMatchObject({ kind: 'FIRED', value: 2, threshold: 2, evidence: ['2', '1'] });
    expect(change?.details).toEqual({
      mqeMetricsSnapshot: {
        "A{zone='x'}":
          '[{"metric":{"labels":[{"key":"zone","value":"x"}]},"values":[{"id":"197001010140","doubleValue":2,"isEmptyValue":false}]}]',
      },
    });
  });

  test('forgets entities whose window is empty and that are as normal', () => {
    const book = new SampleBook(10);
    const evaluator = open(ruleOf({ ...periods, expression: 'sum(A) > 5' }), { book });
    evaluator.settle(100 * minute);
    evaluator.apply(event('1', 100 * minute, { key: 'a' }), 100 * minute, true);
    expect([evaluator.entityCount, book.size]).toEqual([1, 1]);
    evaluator.advance(103 * minute);
    expect([evaluator.entityCount, book.size, evaluator.nextDueAt]).toEqual([0, 0, Infinity]);
    expect(evaluator.takeUnsaved()).toEqual([]);
  });

  test('keeps what it has where there are too many entities, and says so', () => {
    const evaluator = open(ruleOf({ ...periods, expression: 'sum(A) > 0' }), { maxEntities: 2 });
    evaluator.settle(100 * minute);
    for (const key of ['a', 'b', 'c']) {
      evaluator.apply(event(key, 100 * minute, { key }), 100 * minute, true);
    }
    expect(evaluator.problem).toContain('TIDINGS_MAX_ALARM_ENTITIES');
    const changes = evaluator.advance(102 * minute);
    expect(changes.map(({ labels }) => labels[0])).toEqual(['a', 'b']);
  });

  test('ends its alarms when the rule is gone, and takes its samples out of the book', () => {
    const book = new SampleBook(10);
    const evaluator = open(ruleOf({ ...periods, expression: 'sum(A) > 0' }), { book });
    evaluator.settle(100 * minute);
    evaluator.apply(event('1', 100 * minute, { key: 'a' }), 100 * minute, true);
    evaluator.advance(102 * minute - 50 * second + 10 * second);
    const changes = evaluator.close(102 * minute);
    expect(changes).toMatchObject([{ kind: 'RECOVERED', at: 102 * minute }]);
    expect(evaluator.takeUnsaved()).toEqual([{ entity: '["a"]', state: null }]);
    expect(book.size).toBe(0);
  });

  test('goes on with the alarm of a rule that had another condition', () => {
    const evaluator = open(ruleOf({ ...periods, expression: 'sum(A) > 0' }));
    const alarm = { id: 'x', startedAt: 1, value: 7, notices: 1, notifiedAt: 1 };
    evaluator.restore('["a"]', { labels: ['a'], phase: 'FIRING', since: null, fired: 3, alarm });
    evaluator.settle(100 * minute);
    expect(evaluator.advance(104 * minute)).toMatchObject([{ kind: 'RECOVERED', alarmId: 'x' }]);
  });
});

describe('an expression of a rule', () => {
  const periods = { period: 1, recoveryObservationPeriod: 0, silencePeriod: 1 };

  test.each([
    [{ ...periods, expression: 'sum(A)' }, ['expression'], 'does not compare'],
    [{ ...periods, expression: 'A > 1' }, ['expression'], 'gives a value for each minute'],
    [{ ...periods, expression: 'median(A) > 1' }, ['expression'], 'At character 1'],
    [
      { ...periods, expression: 'sum(service_cpm) > 1' },
      ['expression'],
      'At character 5: There is no metric',
    ],
    [{ ...periods, expression: 'sum(A) > 1', period: 0 }, ['period'], 'must be between 1 and 1440'],
    [{ ...periods, expression: 'sum(A) > 1', period: 1_441 }, ['period'], 'got 1441'],
    [{ ...periods, expression: 'sum(A) > 1', silencePeriod: -1 }, ['silencePeriod'], 'between 0'],
  ])('%j is rejected at %j', (expression, field, message) => {
    const path = ['input', 'condition', 'expression', ...field];
    expect(() => ruleOf(expression)).toThrow(
      expect.objectContaining({ argument: path, message: expect.stringContaining(message) }),
    );
  });

  test.each(['pendingFor', 'silenceFor', 'recoverAfter'])('excludes %s', (field) => {
    const expression = { ...periods, expression: 'sum(A) > 1' };
    expect(() => ruleOf(expression, { [field]: '1m' })).toThrow(
      expect.objectContaining({ argument: ['input', field] }),
    );
  });

  test('is silent for as long as its period where nothing else is said', () => {
    const { condition } = ruleOf({
      ...periods,
      expression: 'sum(A) > 0',
      period: 3,
      silencePeriod: undefined,
    } as never);
    if (condition.kind !== 'MINUTES') throw new Error('no condition over minutes');
    const { state } = condition.rule.check(
      condition.rule.initial,
      condition.rule.verdicts([[null, null, 1]]),
    );
    expect(state.silenceCountdown).toBe(3);
  });
});

describe('a check of minutes', () => {
  const expression = fc.constantFrom(
    'sum(A) > 2',
    'sum(A) < 3',
    'latest(A) > 1',
    'avg(A) >= 2',
    'count(A) == 2',
    'max(increase(A, 2)) > 0',
    'min(increase(A, 1)) < sum(rate(A, 3))',
    'sum(A > B) >= 1',
    'sum(view_as_seq(B, A) > 0) >= 2',
    'is_present(B) == 0 && latest(A) > 0',
  );
  const condition = fc.record({
    expression: expression.map((text) => alarmExpression(text)),
    period: fc.integer({ min: 1, max: 5 }),
    silencePeriod: fc.integer({ min: 0, max: 3 }),
    recoveryObservationPeriod: fc.integer({ min: 0, max: 2 }),
  });
  const rules = fc.oneof(
    condition.map(minuteRule),
    fc
      .tuple(condition, condition)
      .map((both) => compositeRule(both, ([a = false, b = false]) => a || b)),
  );
  const minutes = fc.array(
    fc.record({
      action: fc.constantFrom('A', 'A', 'B'),
      key: fc.constantFrom('a', 'b'),
      minute: fc.integer({ min: 0, max: 12 }),
    }),
    { maxLength: 20 },
  );
  const begin = 100 * minute;
  const ruleWith = (minuteRuleOf: MinuteRule): AlarmRule => ({
    ...ruleOf({
      expression: 'sum(A) > 0',
      period: 1,
      silencePeriod: 0,
      recoveryObservationPeriod: 0,
    }),
    condition: { kind: 'MINUTES', rule: minuteRuleOf },
  });
  const eventsOf = (given: readonly { action: string; key: string; minute: number }[]) =>
    given.map(({ action, key, minute: at }, n) => ({
      ...blankEvent,
      id: `${n}`,
      index: n + 1,
      action,
      type: `Job.${action}`,
      key,
      time: begin + at * minute,
      recordedAt: begin + at * minute,
    }));

  const lastCheck = 40;
  const checks = Array.from({ length: lastCheck }, (_, n) => begin + n * minute + 15 * second);

  const filled = (
    rule: AlarmRule,
    events: readonly Event[],
    at: number,
    states: readonly SavedState[] = [],
  ): RuleEvaluator => {
    const evaluator = open(rule, { eventMinute: 'startTime' });
    for (const { entity, state } of states) if (state !== null) evaluator.restore(entity, state);
    for (const each of events) evaluator.insert(each);
    evaluator.settle(at);
    return evaluator;
  };

  /** An evaluator for each check, which goes on with the states of the one before. */
  function eachAnew(rule: AlarmRule, events: readonly Event[]): readonly AlarmChange[] {
    let evaluator = filled(rule, events, begin);
    return checks.flatMap((at) => {
      const changes = evaluator.advance(at);
      evaluator = filled(rule, events, at, evaluator.states());
      return changes;
    });
  }

  const factsOf = (changes: readonly AlarmChange[]) =>
    changes
      .toSorted((a, b) => a.at - b.at || (String(a.labels) < String(b.labels) ? -1 : 1))
      .map(({ kind, labels, at, latestValue, threshold, details }) => ({
        kind,
        labels,
        at,
        latestValue,
        threshold,
        details,
      }));

  test('finds the same when minutes pass at once, one by one, and when each looks at everything anew', () => {
    fc.assert(
      fc.property(rules, minutes, (given, of) => {
        const rule = ruleWith(given);
        const events = eventsOf(of);
        const expected = factsOf(eachAnew(rule, events));
        const atOnce = filled(rule, events, begin).advance(checks.at(-1) ?? begin);
        const evaluator = filled(rule, events, begin);
        const oneByOne = checks.flatMap((at) => evaluator.advance(at));
        expect(factsOf(oneByOne)).toEqual(expected);
        expect(factsOf(atOnce)).toEqual(expected);
      }),
      { numRuns: 1_000 },
    );
  });

  test('of minutes that bring nothing new does not look at the window again', () => {
    const plain = minuteRule({
      expression: alarmExpression('sum(A) < 3'),
      period: 10,
      silencePeriod: 10,
      recoveryObservationPeriod: 0,
    });
    let looks = 0;
    const verdicts: MinuteRule['verdicts'] = (window) => {
      looks += 1;
      return plain.verdicts(window);
    };
    const evaluator = open(ruleWith({ ...plain, verdicts }));
    evaluator.settle(begin);
    const [first] = eventsOf([{ action: 'A', key: 'a', minute: 0 }]);
    if (first !== undefined) evaluator.apply(first, begin, true);
    const aWeek = 7 * 24 * 60;
    const changes = evaluator.advance(begin + aWeek * minute + 15 * second);
    expect(changes.map(({ kind }) => kind)).toEqual([
      'FIRED',
      ...Array.from({ length: Math.floor((aWeek - 1) / 11) }, () => 'REMINDED'),
    ]);
    expect(looks).toBe(3);
  });
});
