import { expect, test, vi } from 'vitest';
import { temporaryDatabase } from '../database.ts';
import { bootGateway } from '../harness.ts';
import { patienceMs } from '../patience.ts';
import { startReceiver } from '../sinks/receiver.ts';
import { bootGuarded, tokensFor } from './guarded-gateway.ts';

const policy = `
roles:
  admin: { grants: [{ actions: [ADMIN] }] }
  a: { grants: [{ actions: [READ, MANAGE_SINKS, MANAGE_ALARMS], namespaces: [a] }] }
${tokensFor('admin', 'a')}`;

const ruleOf = (name: string) => ({
  name,
  namespace: 'a',
  filter: { categories: ['Watched'] },
  entity: [{ field: 'NAMESPACE' }],
  condition: { threshold: { op: 'GT', value: 0, over: '1h' } },
});
const createRule = 'mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { id } }';

test('what was made before there was a policy belongs to nobody: it sees nothing, says so, and goes on once somebody updates it', async () => {
  await using receiver = await startReceiver();
  const { databaseUrl, dataDirectory, ...database } = await temporaryDatabase();
  await using _ = database;
  const environment: Record<string, string> = {
    TIDINGS_SINK_NETWORKS: '127.0.0.0/8',
    ...(databaseUrl === null
      ? { TIDINGS_DATA_DIR: dataDirectory ?? '' }
      : { DATABASE_URL: databaseUrl }),
  };
  const sink = {
    name: 'made before',
    namespace: 'a',
    filter: { categories: ['Watched'] },
    target: { webhook: { url: receiver.url, signed: false } },
  };
  let sinkId = '';
  let ruleId = '';
  {
    await using before = await bootGateway({
      environment,
      ...(dataDirectory && { dataDirectory }),
    });
    const made = await before.gql(
      'mutation ($input: SinkInput!) { createSink(input: $input) { sink { id } } }',
      { input: sink },
    );
    sinkId = made.createSink.sink.id;
    ruleId = (await before.gql(createRule, { input: ruleOf('made before') })).createAlarmRule.id;
    await before.gql('mutation ($input: SilenceInput!) { createSilence(input: $input) { id } }', {
      input: {
        namespace: 'a',
        filter: { categories: ['Watched'] },
        until: '2999-01-01T00:00:00Z',
        comment: 'x',
      },
    });
  }
  await using guarded = await bootGuarded(policy, environment);
  const asked = async (secret: string, query: string, variables = {}) => {
    const { data, errors } = await guarded.ask(secret, query, variables);
    expect(errors).toBeUndefined();
    return data;
  };
  const state = async () =>
    await asked(
      'admin',
      'query ($s: ID!, $r: ID!) { sink(id: $s) { state stateReason } alarmRule(id: $r) { problem } }',
      { s: sinkId, r: ruleId },
    );
  const noOwner = expect.stringContaining('made before there was a policy');
  await vi.waitFor(async () => {
    expect(await state()).toEqual({
      sink: { state: 'PAUSED', stateReason: noOwner },
      alarmRule: { problem: noOwner },
    });
  }, patienceMs);

  await asked('a', createRule, { input: ruleOf('made after') });
  const report = () =>
    asked(
      'admin',
      'mutation { reportEvents(events: [{ namespace: "a", category: "Watched" }, { namespace: "z", category: "Watched" }]) { accepted } }',
    );
  const alarms = async () =>
    (
      await asked('admin', '{ alarms { nodes { ruleName state entity { value } } } }')
    ).alarms.nodes.map(
      ({ ruleName, state, entity }: { ruleName: string; state: string; entity: object[] }) =>
        `${ruleName}: ${(entity[0] as { value: string }).value} ${state}`,
    );
  await report();
  // The silence covers nothing either.
  await vi.waitFor(
    async () => expect(await alarms()).toEqual(['made after: a FIRING']),
    patienceMs,
  );
  expect(receiver.received).toEqual([]);

  await asked(
    'a',
    'mutation ($id: ID!, $input: AlarmRuleInput!) { updateAlarmRule(id: $id, input: $input) { problem } }',
    { id: ruleId, input: ruleOf('made before') },
  );
  await asked(
    'a',
    'mutation ($id: ID!, $input: SinkInput!) { updateSink(id: $id, input: $input) { id } }',
    { id: sinkId, input: sink },
  );
  await asked('a', 'mutation ($id: ID!) { resumeSink(id: $id) { id } }', { id: sinkId });
  await vi.waitFor(async () => {
    expect((await alarms()).sort()).toEqual(['made after: a FIRING', 'made before: a FIRING']);
    expect(receiver.received.length).toBeGreaterThan(0);
  }, patienceMs);
  expect(new Set(receiver.received.map(({ json }) => json.data.namespace))).toEqual(new Set(['a']));
  expect(await state()).toMatchObject({ sink: { state: 'ACTIVE' }, alarmRule: { problem: null } });
});
