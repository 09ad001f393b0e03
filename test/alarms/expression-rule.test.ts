import { expect, test, vi } from 'vitest';
import { now as currentInstant } from '../../src/event/instant.ts';
import { temporaryPglite } from '../database.ts';
import { bootGateway, type TestGateway } from '../harness.ts';

const expression = { expression: 'sum(Failed) > 2', period: 2, silencePeriod: 0 };
const rule = { name: 'often', entity: [{ field: 'KEY' }], condition: { expression } };

/** A clock that a test can put forward. */
class Clock {
  #ahead = 0;
  readonly now = () => currentInstant() + this.#ahead;

  minutes(count: number): void {
    this.#ahead += count * 60_000_000;
  }
}

const createRule = (gateway: TestGateway, input: object) =>
  gateway.gql('mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { id } }', {
    input,
  });

const report = (gateway: TestGateway, key: string, count: number) =>
  gateway.gql(
    'mutation ($events: [EventInput!]!) { reportEvents(events: $events, wait: STORED) { rejected } }',
    {
      events: Array.from({ length: count }, () => ({ category: 'Job', action: 'Failed', key })),
    },
  );

const alarmsOf = async (gateway: TestGateway) =>
  (
    await gateway.gql(
      `{ alarms { nodes { state value recoveredAt entity { value } evidence { id }
         event { message endTime value traits { name value } } } } }`,
    )
  ).alarms.nodes;

const untilAlarms = (gateway: TestGateway, expected: readonly object[]) =>
  vi.waitFor(async () => expect(await alarmsOf(gateway)).toMatchObject(expected), {
    timeout: 30_000,
    interval: 50,
  });

test('a rule with an expression fires once its minutes have passed, over a restart, and recovers', async () => {
  await using data = await temporaryPglite();
  const clock = new Clock();
  const boot = () =>
    bootGateway({ dataDirectory: data.dataDirectory, overrides: { now: clock.now } });
  {
    await using gateway = await boot();
    await createRule(gateway, rule);
    await report(gateway, 'a', 3);
    await report(gateway, 'b', 2);
    await vi.waitFor(async () => expect(await gateway.metric('tidings_alarm_entities')).toBe(2));
  }
  {
    await using gateway = await boot();
    clock.minutes(1.5);
    await untilAlarms(gateway, [
      {
        state: 'FIRING',
        value: 3,
        recoveredAt: null,
        entity: [{ value: 'a' }],
        evidence: [{}, {}, {}],
        event: { message: 'often for a: sum(Failed) > 2', endTime: null },
      },
    ]);
    const [{ event }] = await alarmsOf(gateway);
    expect(JSON.parse(event.value.mqeMetricsSnapshot.Failed)).toMatchObject([
      { values: expect.arrayContaining([expect.objectContaining({ doubleValue: 3 })]) },
    ]);
  }
  await using gateway = await boot();
  clock.minutes(3);
  await untilAlarms(gateway, [
    { state: 'RECOVERED', event: { endTime: expect.any(String) }, recoveredAt: expect.any(String) },
  ]);
});

test('a rule with an expression is tried on the past by what evaluates it', async () => {
  await using gateway = await bootGateway();
  const minute = 60_000;
  const begin = Math.floor(Date.now() / minute) * minute - 60 * minute;
  const at = (ms: number) => new Date(begin + ms).toISOString();
  await gateway.gql(
    'mutation ($events: [EventInput!]!) { reportEvents(events: $events, wait: STORED) { rejected } }',
    {
      events: [0, 1, 2].map((n) => ({
        type: 'Job.Failed',
        key: 'a',
        time: at(n * 10_000),
        endTime: at(n * 10_000 + 1_000),
      })),
    },
  );
  const { testAlarmRule } = await gateway.gql(
    `query ($input: AlarmRuleInput!, $time: TimeRange!) {
       testAlarmRule(input: $input, time: $time) { alarms { entity { value } startedAt recoveredAt value message } truncated evaluatedEvents }
     }`.replace('query', 'mutation'),
    { input: rule, time: { gte: at(-minute), lt: at(30 * minute) } },
  );
  expect(testAlarmRule).toEqual({
    alarms: [
      {
        entity: [{ value: 'a' }],
        startedAt: at(minute + 15_000),
        recoveredAt: at(3 * minute + 15_000),
        value: 3,
        message: 'often for a: sum(Failed) > 2',
      },
    ],
    truncated: false,
    evaluatedEvents: 6,
  });
});

test('an expression with a mistake is rejected with the character at fault', async () => {
  await using gateway = await bootGateway();
  const { errors } = await gateway.run(
    'mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { id } }',
    { input: { ...rule, condition: { expression: { expression: 'sum(Failed >) > 2' } } } },
  );
  expect(errors).toMatchObject([
    {
      message: expect.stringContaining('At character 13'),
      extensions: { code: 'BAD_USER_INPUT' },
    },
  ]);
});

test('checks every minute of a week in which no gateway ran, and goes on to new alarms', async () => {
  await using data = await temporaryPglite();
  const clock = new Clock();
  const boot = () =>
    bootGateway({ dataDirectory: data.dataDirectory, overrides: { now: clock.now } });
  const rare = { expression: 'sum(Failed) < 3', period: 1, silencePeriod: 0 };
  {
    await using gateway = await boot();
    await createRule(gateway, { ...rule, name: 'rare', condition: { expression: rare } });
    await createRule(gateway, {
      name: 'failed',
      filter: { keys: ['new'] },
      condition: { threshold: { op: 'GTE', value: 1, over: '1m' } },
    });
    await report(gateway, 'a', 1);
    await vi.waitFor(async () => expect(await gateway.metric('tidings_alarm_entities')).toBe(2));
    clock.minutes(1.5);
    await untilAlarms(gateway, [{ state: 'FIRING' }]);
  }
  clock.minutes(7 * 24 * 60);
  await using gateway = await boot();
  await report(gateway, 'new', 1);
  await vi.waitFor(
    async () => {
      const [alarm, lasting] = await alarmsOf(gateway);
      expect(alarm).toMatchObject({
        state: 'FIRING',
        event: { message: expect.stringMatching(/^failed/) },
      });
      const notices = lasting.event.traits.find(({ name }: { name: string }) => name === 'notices');
      expect(Number(notices.value)).toBeGreaterThanOrEqual(7 * 24 * 60);
    },
    { timeout: 60_000, interval: 200 },
  );
});
