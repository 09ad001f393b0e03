import { expect, test, vi } from 'vitest';
import type { OpenStore } from '../../src/store/open.ts';
import { temporaryPglite } from '../database.ts';
import { bootGateway, type TestGateway } from '../harness.ts';
import { startReceiver } from '../sinks/receiver.ts';

const environment = {
  TIDINGS_SECRET_KEY: 'a key for the tests only',
  TIDINGS_SINK_NETWORKS: '127.0.0.0/8',
};

const createRule = (gateway: TestGateway, input: object) =>
  gateway.gql('mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { id } }', {
    input: { entity: [{ field: 'KEY' }], ...input },
  });

const createSink = (gateway: TestGateway, url: string) =>
  gateway.gql('mutation ($input: SinkInput!) { createSink(input: $input) { sink { id } } }', {
    input: {
      name: 'notices',
      filter: { categories: ['Alarm'] },
      target: { webhook: { url, signed: false } },
    },
  });

const report = (gateway: TestGateway, events: readonly object[]) =>
  gateway.gql('mutation ($events: [EventInput!]!) { reportEvents(events: $events) { rejected } }', {
    events: events.map((event) => ({ category: 'Job', action: 'Failed', ...event })),
  });

const countOf = async (gateway: TestGateway, filter: object) =>
  (
    await gateway.gql('query ($filter: AlarmFilter) { alarms(filter: $filter) { totalCount } }', {
      filter,
    })
  ).alarms.totalCount;

const filter = { categories: ['Job'] };
const once = { threshold: { op: 'GTE', value: 1, over: '1h' } };

test('a flood of alarms is recorded whole and notified grouped; alarms under a silence are not notified', async () => {
  await using gateway = await bootGateway({ environment });
  await using receiver = await startReceiver();
  await createSink(gateway, receiver.url);
  const until = new Date(Date.now() + 600_000).toISOString();
  await gateway.gql('mutation ($input: SilenceInput!) { createSilence(input: $input) { id } }', {
    input: { filter: { keys: ['quiet'] }, until, comment: 'a test' },
  });
  await createRule(gateway, { name: 'flood', filter, condition: once });
  await report(gateway, [{ key: 'quiet' }]);
  for (let batch = 0; batch < 10; batch++) {
    const keys = Array.from({ length: 1_000 }, (_, n) => `entity ${batch * 1_000 + n}`);
    await report(
      gateway,
      keys.map((key) => ({ key })),
    );
  }
  await vi.waitFor(async () => expect(await countOf(gateway, {})).toBe(10_001));
  expect(await countOf(gateway, { states: ['SILENCED'] })).toBe(1);
  const separate = await countOf(gateway, { tags: ['grouped'] });
  expect(separate).toBe(10_000 - 20);
  const rules = await gateway.gql('{ alarmRules { id firingCount problem } }');
  expect(rules.alarmRules).toMatchObject([{ firingCount: 10_001, problem: null }]);
  // Its alarms end with the rule, and the notice that speaks for them says how many they were.
  await gateway.gql('mutation ($id: ID!) { deleteAlarmRule(id: $id) }', rules.alarmRules[0]);
  await vi.waitFor(() => {
    const ended = receiver.received.filter(({ json }) => json.data.endTime !== null);
    const groups = ended.filter(({ json }) => json.data.key === 'flood');
    const members = groups.map(
      ({ json }) =>
        json.data.traits.find(({ name }: { name: string }) => name === 'alarms')?.value ?? 0,
    );
    expect(members.reduce((sum: number, number: number) => sum + number, 0)).toBe(10_000 - 20);
  });
  expect(receiver.received.length).toBeLessThan(100);
  expect(receiver.received.some(({ json }) => json.data.key === 'quiet')).toBe(false);
});

test('after a restart the alarms go on, and recover by what was reported since', async () => {
  await using database = await temporaryPglite();
  const { dataDirectory } = database;
  {
    await using gateway = await bootGateway({ environment, dataDirectory });
    const open = { name: 'open', filter, condition: { notEndedWithin: '1ms' } };
    await createRule(gateway, open);
    const three = { threshold: { op: 'GTE', value: 3, over: '1h' } };
    await createRule(gateway, { name: 'three', filter, condition: three });
    const id = '0192f0c4-5d1e-7c3b-8a7d-1f2e3d4c5b6a';
    await report(gateway, [
      { id, key: 'a' },
      { key: 'a', endTime: new Date().toISOString() },
    ]);
    await vi.waitFor(async () => expect(await countOf(gateway, { states: ['FIRING'] })).toBe(1));
  }
  await using gateway = await bootGateway({ environment, dataDirectory });
  const now = new Date().toISOString();
  await report(gateway, [{ key: 'a', endTime: now }]);
  await vi.waitFor(async () => expect(await countOf(gateway, { rules: ['three'] })).toBe(1));
  expect(await countOf(gateway, { rules: ['open'], states: ['FIRING'] })).toBe(1);
  await report(gateway, [{ id: '0192f0c4-5d1e-7c3b-8a7d-1f2e3d4c5b6a', endTime: now }]);
  await vi.waitFor(async () =>
    expect(await countOf(gateway, { rules: ['open'], states: ['RECOVERED'] })).toBe(1),
  );
  expect(await countOf(gateway, {})).toBe(2);
});

test('an alarm that goes on is notified again when its silence has passed, and once when it is over', async () => {
  let micros = Date.now() * 1_000;
  await using gateway = await bootGateway({ environment, overrides: { now: () => micros } });
  await using receiver = await startReceiver();
  await createSink(gateway, receiver.url);
  const condition = { notEndedWithin: '1m' };
  await createRule(gateway, { name: 'open', filter, condition, silenceFor: '1h' });
  await vi.waitFor(async () => expect(await gateway.metric('tidings_alarm_entities')).toBe(0));
  const id = crypto.randomUUID();
  const notified = (count: number) =>
    vi.waitFor(() => expect(receiver.received).toHaveLength(count), { timeout: 60_000 });
  await vi.waitFor(async () => {
    await report(gateway, [{ id, key: 'a' }]);
    expect(await gateway.metric('tidings_alarm_entities')).toBe(1);
  });
  for (const [at, minutes] of [2, 59, 2].entries()) {
    micros += minutes * 60_000_000;
    await notified([1, 1, 2][at] as number);
  }
  const { alarms } = await gateway.gql(
    '{ alarms { nodes { state event { trait(name: "notices") { int } } } } }',
  );
  expect(alarms.nodes).toEqual([{ state: 'FIRING', event: { trait: { int: 2 } } }]);
  await report(gateway, [{ id, endTime: new Date(micros / 1_000).toISOString() }]);
  await notified(3);
  const keys = receiver.received.map(({ json }) => json.data.id);
  expect(new Set(keys).size).toBe(1);
});

test('a notice of several speaks for all of them after a restart, and is not sent again for the same', async () => {
  await using data = await temporaryPglite();
  await using receiver = await startReceiver();
  let micros = Date.now() * 1_000;
  const boot = () =>
    bootGateway({
      environment,
      dataDirectory: data.dataDirectory,
      overrides: { now: () => micros },
    });
  const several = async (gateway: TestGateway) =>
    (
      await gateway.gql(
        '{ events(filter: { traits: [{ name: "alarms", op: EXISTS }] }) { nodes { index trait(name: "alarms") { int } } } }',
      )
    ).events.nodes;
  const fire = (gateway: TestGateway, from: number, to: number) =>
    report(
      gateway,
      Array.from({ length: to - from }, (_, n) => ({ key: `entity ${from + n}` })),
    );
  const restartedWith = async (alarms: number) => {
    await using gateway = await boot();
    await vi.waitFor(async () =>
      expect(await several(gateway)).toMatchObject([{ trait: { int: alarms } }]),
    );
    const { alarms: table } = gateway.gateway.context.store as OpenStore;
    await vi.waitFor(async () => expect(await table.unreportedGroups(1)).toEqual([]));
    return (await several(gateway))[0].index;
  };
  {
    await using gateway = await boot();
    await createSink(gateway, receiver.url);
    await createRule(gateway, { name: 'flood', filter, condition: once });
    await vi.waitFor(async () => expect(await gateway.metric('tidings_live_feeds')).toBe(2));
    await vi.waitFor(async () => {
      await fire(gateway, 0, 25);
      expect(await several(gateway)).toMatchObject([{ trait: { int: 5 } }]);
    });
    // The notice would be sent again ten seconds later.
    micros += 1_000_000;
    await fire(gateway, 25, 35);
    await vi.waitFor(async () => expect(await countOf(gateway, {})).toBe(35));
  }
  const index = await restartedWith(15);
  expect(await restartedWith(15)).toBe(index);
});
