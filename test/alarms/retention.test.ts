import { expect, test, vi } from 'vitest';
import type { OpenStore } from '../../src/store/open.ts';
import { temporaryPglite } from '../database.ts';
import { bootGateway, type TestGateway } from '../harness.ts';
import { patienceMs } from '../patience.ts';

const hour = 3_600_000_000;

/** A clock that a test moves. */
class Clock {
  micros = Date.now() * 1_000;
  readonly now = (): number => this.micros;
}

const eventually = (check: () => Promise<void>) => vi.waitFor(check, patienceMs);

async function createRule(gateway: TestGateway, input: object): Promise<void> {
  await gateway.gql(
    'mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { id } }',
    { input: { filter: { categories: ['Job'] }, entity: [{ field: 'KEY' }], ...input } },
  );
  await eventually(async () => expect(await gateway.metric('tidings_live_feeds')).toBe(1));
}

const report = (gateway: TestGateway, event: object) =>
  gateway.gql('mutation ($event: EventInput!) { reportEvent(event: $event) { __typename } }', {
    event: { category: 'Job', ...event },
  });

const alarmsOf = async (gateway: TestGateway, filter: object = {}) =>
  (
    await gateway.gql(
      'query ($filter: AlarmFilter) { alarms(filter: $filter) { nodes { id state event { time index } } } }',
      { filter },
    )
  ).alarms.nodes;

test('an alarm that goes on for longer than events are kept is reported again, and is seen', async () => {
  const clock = new Clock();
  await using gateway = await bootGateway({ overrides: { now: clock.now } });
  await createRule(gateway, { name: 'open', condition: { notEndedWithin: '1m' } });
  await report(gateway, { key: 'a' });
  clock.micros += hour;
  await eventually(async () => expect(await alarmsOf(gateway)).toHaveLength(1));
  const [before] = await alarmsOf(gateway);
  const store = gateway.gateway.context.store as OpenStore;
  await eventually(async () => expect(await store.alarms.unreported(1)).toEqual([]));
  await store.expire(clock.micros + hour);
  expect(await alarmsOf(gateway)).toEqual([]);
  // One that has just fired may not be stored yet.
  await store.alarms.prune(clock.micros - hour);
  await store.alarms.prune(clock.micros + hour);
  await eventually(async () =>
    expect(await alarmsOf(gateway)).toEqual([
      { ...before, event: { time: before.event.time, index: expect.any(Number) } },
    ]),
  );
  const [after] = await alarmsOf(gateway);
  expect(after.event.index).toBeGreaterThan(before.event.index);
});

test('a rule that looks back for longer than events are kept says so, and is evaluated', async () => {
  await using gateway = await bootGateway({ environment: { TIDINGS_RETENTION: '1d' } });
  const counting = (over: string) => ({ threshold: { op: 'GTE', value: 1, over } });
  await createRule(gateway, { name: 'long', condition: counting('2d') });
  await createRule(gateway, { name: 'short', condition: counting('1d'), pendingFor: '1ms' });
  await eventually(async () => {
    const { alarmRules } = await gateway.gql('{ alarmRules { name problem } }');
    expect(alarmRules).toEqual(
      expect.arrayContaining([
        { name: 'long', problem: expect.stringContaining('TIDINGS_RETENTION') },
        { name: 'short', problem: null },
      ]),
    );
  });
  await eventually(async () => {
    await report(gateway, { key: 'a' });
    expect(await alarmsOf(gateway, { rules: ['long'] })).toHaveLength(1);
  });
});

test('a silence covers what fired while it lasted, though it is evaluated later', async () => {
  await using data = await temporaryPglite();
  const clock = new Clock();
  const { dataDirectory } = data;
  const boot = () => bootGateway({ dataDirectory, overrides: { now: clock.now } });
  {
    await using gateway = await boot();
    await createRule(gateway, { name: 'absent', condition: { absentFor: '20m' } });
    const until = new Date((clock.micros + hour / 2) / 1_000).toISOString();
    await gateway.gql('mutation ($input: SilenceInput!) { createSilence(input: $input) { id } }', {
      input: { until, comment: 'a test' },
    });
    await report(gateway, { key: 'within' });
    await eventually(async () => expect(await gateway.metric('tidings_alarm_entities')).toBe(1));
    clock.micros += hour / 4;
    await report(gateway, { key: 'after' });
    await eventually(async () => expect(await gateway.metric('tidings_alarm_entities')).toBe(2));
  }
  clock.micros += hour;
  await using gateway = await boot();
  await eventually(async () => expect(await alarmsOf(gateway)).toHaveLength(2));
  expect((await alarmsOf(gateway)).map(({ state }: { state: string }) => state)).toEqual([
    'FIRING',
    'SILENCED',
  ]);
});
