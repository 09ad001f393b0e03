import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openEvaluator } from '../../src/alarms/open-evaluator.ts';
import { type AlarmRule, type AlarmRuleInput, parseRule } from '../../src/alarms/rule.ts';
import type { AlarmChange, RuleEvaluator } from '../../src/alarms/rule-evaluator.ts';
import { SampleBook } from '../../src/alarms/sample-book.ts';
import type { Event } from '../../src/event/event.ts';
import { compileFilter } from '../../src/event/matcher.ts';
import { blankEvent } from './events.ts';
import { type Change, type PlainAlarm, plainAlarms } from './plain.ts';

const ruleId = '11111111-2222-4333-8444-555555555555';
const us = (micros: number) => `${micros / 1_000}ms`;

const ruleOf = (input: Partial<AlarmRuleInput>): AlarmRule =>
  parseRule(
    {
      name: 'a rule',
      namespace: 'default',
      condition: { threshold: { figure: 'COUNT', op: 'GT', value: 2, over: '1s' } },
      severity: 'ERROR',
      enabled: true,
      ...input,
    },
    { maxFilterDepth: 8, path: ['input'] },
  );

const open = (
  rule: AlarmRule,
  { since = 0, book = new SampleBook(1_000_000), maxEntities = 100 } = {},
) => openEvaluator({ ruleId, rule, book, maxEntities, since, eventMinute: 'arrival' });

/** The alarms that changes make, in the order in which they fired. */
function alarmsOf(changes: readonly AlarmChange[]): readonly PlainAlarm[] {
  const alarms = new Map<string, PlainAlarm>();
  for (const { alarmId, kind, at, startedAt, value, labels } of changes) {
    if (kind === 'FIRED') {
      expect(alarms.has(alarmId)).toBe(false);
      alarms.set(alarmId, { entity: JSON.stringify(labels), startedAt, recoveredAt: null, value });
    } else if (kind === 'RECOVERED') {
      const alarm = alarms.get(alarmId);
      if (alarm === undefined) throw new Error('an alarm recovered that never fired');
      alarms.set(alarmId, { ...alarm, recoveredAt: at });
    }
  }
  return [...alarms.values()];
}

const sorted = (alarms: readonly PlainAlarm[]) =>
  [...alarms].sort((a, b) => a.startedAt - b.startedAt || (a.entity < b.entity ? -1 : 1));

const length = fc.integer({ min: 1, max: 40 }).map((n) => n * 1_000);
const condition = fc.oneof(
  fc.record({
    threshold: fc.record({
      figure: fc.constantFrom('COUNT', 'SUM', 'AVERAGE', 'MIN', 'MAX'),
      measure: fc.constantFrom(
        null,
        { value: 'n' },
        { trait: 't' },
        { field: 'DURATION' as const },
      ),
      op: fc.constantFrom('EQ', 'NE', 'LT', 'LTE', 'GT', 'GTE'),
      value: fc.integer({ min: -3, max: 4 }),
      over: length.map(us),
    }),
  }),
  fc.record({ notEndedWithin: length.map(us) }),
  fc.record({ absentFor: length.map(us) }),
);
const optionalLength = fc.option(length.map(us), { freq: 2 });
const rules = fc
  .record({
    condition,
    entity: fc.constantFrom(null, [{ field: 'KEY' }], [{ tagGroup: 'g' }, { trait: 't' }]),
    pendingFor: optionalLength,
    recoverAfter: optionalLength,
    filter: fc.constant({ severities: ['ERROR'] }),
  })
  .map((input) => ruleOf(input as Partial<AlarmRuleInput>));

interface Step {
  readonly wait: number;
  readonly id: number;
  readonly ends: boolean;
  readonly late: number;
  readonly event: Partial<Event>;
}
const steps = fc.array(
  fc.record({
    /** In milliseconds. */
    wait: fc.integer({ min: 0, max: 20 }),
    id: fc.integer({ min: 0, max: 5 }),
    ends: fc.boolean(),
    late: fc.integer({ min: -2, max: 30 }),
    event: fc.record({
      key: fc.constantFrom('a', 'b', null),
      tags: fc.constantFrom([], ['g', 'g:1'], ['g', 'g:1', 'g:2']),
      traits: fc.constantFrom([], [{ name: 't', type: 'INT' as const, value: 2 }]),
      value: fc.constantFrom(null, { n: 1 }, { n: -2 }, { n: 4 }),
      severity: fc.constantFrom('ERROR', 'ERROR', 'NORMAL'),
    }),
  }) as fc.Arbitrary<Step>,
  { maxLength: 30 },
);

/** Moments are multiples of a millisecond here. */
function historyOf(given: readonly Step[], rule: AlarmRule): readonly Change[] {
  const known = new Map<number, Event>();
  let at = 1_000;
  return given.map((step, n) => {
    at += step.wait * 1_000;
    const before = known.get(step.id);
    const event: Event = {
      ...blankEvent,
      ...step.event,
      // An event that does not match any more cannot be seen after a restart.
      ...(rule.condition.kind === 'ABSENT' && sameEntity(before)),
      ...timesOf(step, before, at),
      id: `event ${step.id}`,
      index: n + 1,
      recordedAt: at,
    };
    known.set(step.id, event);
    return { at, event };
  });
}

const sameEntity = (before: Event | undefined): Partial<Event> =>
  before === undefined
    ? { severity: 'ERROR' }
    : { severity: before.severity, key: before.key, tags: before.tags, traits: before.traits };

function timesOf({ late, ends }: Step, before: Event | undefined, at: number) {
  const moment = at - late * 1_000;
  const time = before?.time ?? moment;
  const known = before?.endTime ?? null;
  return { time, endTime: ends ? Math.max(time, known ?? 0, moment) : known };
}

/** Another evaluator that goes on with the states, and with the events that are stored. */
function restarted(
  evaluator: RuleEvaluator,
  latest: Iterable<Event>,
  { at, since }: { readonly at: number; readonly since: number },
): RuleEvaluator {
  const { rule } = evaluator;
  const again = open(rule, { since });
  for (const { entity, state } of evaluator.states()) {
    again.restore(entity, JSON.parse(JSON.stringify(state)));
  }
  const matches = compileFilter(rule.filter);
  for (const event of latest) if (matches(event)) again.insert(event);
  expect(again.settle(at)).toEqual([]);
  return again;
}

describe('the evaluator', () => {
  test('fires and recovers as looking at the whole history at every moment says, over restarts as well', () => {
    fc.assert(
      fc.property(
        rules,
        steps,
        fc.array(fc.integer({ min: 0, max: 29 }), { maxLength: 3 }),
        fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 5 }),
        (rule, given, restarts, ticks) => {
          const matches = compileFilter(rule.filter);
          const history = historyOf(given, rule);
          const from = 1_000;
          const to = (history.at(-1)?.at ?? from) + 100_000;
          const latest = new Map<string, Event>();
          let evaluator = open(rule, { since: from });
          const changes: AlarmChange[] = [...evaluator.settle(from)];
          for (const [n, { at, event }] of history.entries()) {
            if (ticks.includes(n)) changes.push(...evaluator.advance(at));
            changes.push(...evaluator.apply(event, at, matches(event)));
            latest.set(event.id, event);
            if (restarts.includes(n)) {
              evaluator = restarted(evaluator, latest.values(), { at, since: from });
            }
          }
          changes.push(...evaluator.advance(to));
          const expected = plainAlarms(rule, matches, history, {
            from,
            to,
            step: 1_000,
          });
          expect(sorted(alarmsOf(changes))).toEqual(sorted(expected));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('reminds of an alarm that goes on whenever its silence has passed, over restarts as well', () => {
    const second = 1_000_000;
    const rule = ruleOf({
      condition: { threshold: { figure: 'COUNT', op: 'GTE', value: 1, over: '50s' } },
      silenceFor: '10s',
      recoverAfter: '15s',
    });
    const event = (id: string, at: number): Event => ({
      ...blankEvent,
      id,
      time: at,
      recordedAt: at,
    });
    const first = event('a', 0);
    const second60 = event('b', 60 * second);
    const said = (changes: readonly AlarmChange[]) =>
      changes.map(({ kind, at, notices }) => [kind, at / second, notices]);
    let evaluator = open(rule);
    const changes = [...evaluator.settle(0), ...evaluator.apply(first, 0, true)];
    changes.push(...evaluator.advance(25 * second));
    evaluator = restarted(evaluator, [first], { at: 25 * second, since: 0 });
    // Its condition is gone at 50 s, which is not notified, and is back at 60 s.
    changes.push(...evaluator.advance(60 * second));
    changes.push(...evaluator.apply(second60, 60 * second, true));
    changes.push(...evaluator.advance(200 * second));
    expect(said(changes)).toEqual([
      ['FIRED', 0, 1],
      ...[10, 20, 30, 40, 60, 70, 80, 90, 100].map((at, n) => ['REMINDED', at, n + 2]),
      ['RECOVERED', 125, 10],
    ]);
    const ids = new Set(changes.map(({ alarmId }) => alarmId));
    expect(ids.size).toBe(1);
  });

  test.each(['1ms', '9s', '31d'])('a silence of %s is rejected', (silenceFor) => {
    expect(() => ruleOf({ silenceFor })).toThrow(/silenceFor must be/);
  });
});
