import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { type AlarmRule, type AlarmRuleInput, parseRule } from '../../src/alarms/rule.ts';
import { complete } from '../../src/event/completion.ts';
import type { Event } from '../../src/event/event.ts';
import { compileFilter } from '../../src/event/matcher.ts';
import { temporaryPglite } from '../database.ts';
import { bootGateway, type TestGateway } from '../harness.ts';
import { patienceMs } from '../patience.ts';
import { type Change, plainAlarms } from './plain.ts';
import { minute, PlainMinutes, second } from './plain-minutes.ts';

const expression = {
  expression: 'sum(A) > 2',
  period: 2,
  silencePeriod: 1,
  recoveryObservationPeriod: 1,
};

const ruleInput = (name: string, given: Partial<AlarmRuleInput>): AlarmRuleInput => ({
  name,
  namespace: 'default',
  filter: { categories: ['Job'], severities: ['ERROR'] },
  entity: [{ field: 'KEY' }],
  condition: {},
  severity: 'ERROR',
  enabled: true,
  ...given,
});

const inputs = [
  ruleInput('often', {
    condition: { threshold: { figure: 'COUNT', op: 'GTE', value: 3, over: '90s' } },
    pendingFor: '5s',
    recoverAfter: '20s',
  }),
  ruleInput('sum', {
    condition: {
      threshold: { figure: 'SUM', measure: { value: 'n' }, op: 'GT', value: 4, over: '40s' },
    },
  }),
  ruleInput('open', { condition: { notEndedWithin: '30s' } }),
  ruleInput('absent', { condition: { absentFor: '50s' } }),
  ruleInput('by minutes', { condition: { expression } }),
] as const;

const ruleOf = (input: AlarmRuleInput): AlarmRule =>
  parseRule(input, { maxFilterDepth: 8, path: [] });

const steps = fc.array(
  fc.record({
    /** In seconds. */
    wait: fc.integer({ min: 0, max: 25 }),
    id: fc.integer({ min: 0, max: 11 }),
    ends: fc.boolean(),
    /** Before its arrival; negative where the reporter's clock is ahead. */
    late: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: -250, max: 400 })),
    key: fc.constantFrom('a', 'b'),
    action: fc.constantFrom('A', 'A', 'B'),
    severity: fc.constantFrom('ERROR', 'ERROR', 'ERROR', 'NORMAL'),
    n: fc.integer({ min: 1, max: 3 }),
    restarts: fc.constantFrom(false, false, false, false, false, false, false, true),
  }),
  { minLength: 20, maxLength: 20 },
);
type Steps = typeof steps extends fc.Arbitrary<infer Each> ? Each : never;

/** A clock that a test moves: between its steps no time passes. */
class Clock {
  micros = Math.ceil(Date.now() / 60_000) * minute;
  readonly now = (): number => this.micros;
}

async function report(gateway: TestGateway, event: object): Promise<void> {
  await gateway.gql(
    'mutation ($event: EventInput!) { reportEvent(event: $event, wait: STORED) { ... on RejectedEvent { errors { message } } } }',
    { event },
  );
}

/**
 * Waits until every rule is evaluated. A rule that is made while the evaluation begins is loaded up to a second later and
 * is evaluated only from then on; meanwhile the clock of a test may move by minutes. So an event that every rule counts
 * is reported once the journal is followed: each rule that is evaluated then has it as an entity.
 */
async function untilEvaluated(gateway: TestGateway, id: string): Promise<void> {
  const untilIs = (metric: string, value: number) =>
    vi.waitFor(async () => expect(await gateway.metric(metric), metric).toBe(value), patienceMs);
  await untilIs('tidings_live_feeds', 1);
  await report(gateway, {
    id,
    category: 'Job',
    action: 'A',
    severity: 'ERROR',
    key: 'first',
    value: { n: 1 },
  });
  await untilIs('tidings_alarm_entities', inputs.length);
}

/** Reports what the steps say, ends and begins the gateway where they say so, and lets 20 minutes pass in the end. */
async function play(given: Steps, dataDirectory: string, clock: Clock) {
  const boot = () => bootGateway({ dataDirectory, overrides: { now: clock.now } });
  const ids = Array.from({ length: 12 }, () => randomUUID());
  let gateway = await boot();
  for (const input of inputs) {
    await gateway.gql(
      'mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { id } }',
      { input },
    );
  }
  const firstId = randomUUID();
  await untilEvaluated(gateway, firstId);
  for (const { wait, id, ends, late, key, action, severity, n, restarts } of given) {
    clock.micros += wait * second;
    const moment = new Date((clock.micros - late * second) / 1_000).toISOString();
    await report(gateway, {
      id: ids[id],
      category: 'Job',
      action,
      severity,
      key,
      value: { n },
      time: moment,
      ...(ends && { endTime: moment }),
    });
    if (!restarts) continue;
    await gateway[Symbol.asyncDispose]();
    gateway = await boot();
  }
  clock.micros += 20 * minute;
  return { gateway, ids: [firstId, ...ids] };
}

/** Every state that the events have had, in the journal's order. */
async function historyOf({ gateway }: TestGateway, ids: readonly string[]) {
  const reports = await gateway.context.store.reports(ids);
  const states: Event[] = [...reports.values()].flatMap((known) => {
    const inOrder = known.toSorted((a, b) => a.index - b.index);
    return inOrder.map((_, at) => complete(inOrder.slice(0, at + 1)));
  });
  return states
    .sort((a, b) => a.index - b.index)
    .map((event): Change => ({ at: event.recordedAt, event }));
}

interface Shown {
  readonly entity: string | null;
  readonly startedAt: number;
  readonly recoveredAt: number | null;
}

const byBegin = (a: Shown, b: Shown): number =>
  a.startedAt - b.startedAt || (String(a.entity) < String(b.entity) ? -1 : 1);

function expectedOf(
  input: AlarmRuleInput,
  history: readonly Change[],
  span: { from: number; to: number },
): readonly Shown[] {
  const rule = ruleOf(input);
  if (rule.condition.kind === 'MINUTES') return byMinutes(history, span);
  const matches = compileFilter(rule.filter);
  return plainAlarms(rule, matches, history, { ...span, step: second }).map(
    ({ entity, startedAt, recoveredAt }) => ({
      entity: JSON.parse(entity)[0],
      startedAt,
      recoveredAt,
    }),
  );
}

function byMinutes(
  history: readonly Change[],
  { from, to }: { from: number; to: number },
): readonly Shown[] {
  const plain = new PlainMinutes(expression, 'arrival');
  let now = from;
  for (const { at, event } of history) {
    plain.advance(now, at);
    plain.change(event);
    now = at;
  }
  plain.advance(now, to);
  const alarms: { entity: string | null; startedAt: number; recoveredAt: number | null }[] = [];
  for (const { kind, entity, at } of plain.changes) {
    if (kind === 'FIRED') alarms.push({ entity, startedAt: at, recoveredAt: null });
    const last = alarms.findLast((alarm) => alarm.entity === entity);
    if (kind === 'RECOVERED' && last !== undefined) last.recoveredAt = at;
  }
  return alarms;
}

async function alarmsOf(gateway: TestGateway, rule: string): Promise<readonly Shown[]> {
  const { alarms } = await gateway.gql(
    `query ($filter: AlarmFilter) { alarms(filter: $filter, first: 1000) {
       nodes { entity { value } startedAt recoveredAt event { time endTime } } } }`,
    { filter: { rules: [rule] } },
  );
  const micros = (moment: string | null) => (moment === null ? null : Date.parse(moment) * 1_000);
  return alarms.nodes.map(
    (alarm: {
      entity: { value: string | null }[];
      startedAt: string;
      recoveredAt: string | null;
      event: { time: string; endTime: string | null };
    }) => {
      expect(alarm.event).toEqual({ time: alarm.startedAt, endTime: alarm.recoveredAt });
      const [label] = alarm.entity;
      return {
        entity: label?.value ?? null,
        startedAt: micros(alarm.startedAt),
        recoveredAt: micros(alarm.recoveredAt),
      };
    },
  );
}

test('a gateway that is restarted again and again makes the alarms that counting the whole history again makes', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (given) => {
      await using data = await temporaryPglite();
      const clock = new Clock();
      const from = clock.micros;
      const { gateway: booted, ids } = await play(given, data.dataDirectory, clock);
      await using gateway = booted;
      const history = await historyOf(gateway, ids);
      for (const input of inputs) {
        const expected = expectedOf(input, history, { from, to: clock.micros - second });
        await vi.waitFor(
          async () => {
            const alarms = await alarmsOf(gateway, input.name);
            expect(alarms.toSorted(byBegin), input.name).toEqual(expected.toSorted(byBegin));
          },
          { timeout: 20_000, interval: 100 },
        );
      }
    }),
    { numRuns: 2, seed: 15, endOnFailure: true },
  );
});

test('what began before the rule looked is not watched, over a restart as well', async () => {
  await using data = await temporaryPglite();
  const clock = new Clock();
  const boot = () =>
    bootGateway({ dataDirectory: data.dataDirectory, overrides: { now: clock.now } });
  const firing = async (gateway: TestGateway) => {
    const { alarms } = await gateway.gql(
      '{ alarms(filter: { states: [FIRING] }) { nodes { entity { value } } } }',
    );
    return alarms.nodes.map(({ entity }: { entity: { value: string }[] }) => entity[0]?.value);
  };
  {
    await using gateway = await boot();
    await gateway.gql(
      'mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { id } }',
      { input: ruleInput('open', { condition: { notEndedWithin: '30s' } }) },
    );
    await vi.waitFor(
      async () => expect(await gateway.metric('tidings_live_feeds')).toBe(1),
      patienceMs,
    );
    const began = (key: string, secondsAgo: number) => {
      const time = new Date(clock.micros / 1_000 - secondsAgo * 1_000).toISOString();
      return report(gateway, { category: 'Job', severity: 'ERROR', key, time });
    };
    await began('too early', 31);
    await began('in time', 29);
    clock.micros += 5 * second;
    await vi.waitFor(async () => expect(await firing(gateway)).toEqual(['in time']), patienceMs);
  }
  await using gateway = await boot();
  await report(gateway, { category: 'Job', severity: 'ERROR', key: 'later' });
  clock.micros += 40 * second;
  await vi.waitFor(
    async () => expect((await firing(gateway)).toSorted()).toEqual(['in time', 'later']),
    patienceMs,
  );
});
