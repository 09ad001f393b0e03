import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { patienceMs } from '../patience.ts';
import { bootGuarded, type GuardedGateway, tokensFor } from './guarded-gateway.ts';

const policyOf = (a: string): string => `
roles:
  admin: { grants: [{ actions: [ADMIN] }] }
  a: { grants: [{ actions: [READ, REPORT, MANAGE_ALARMS], namespaces: [${a}] }] }
  b: { grants: [{ actions: [READ, REPORT, MANAGE_ALARMS], namespaces: [b] }] }
  reader: { grants: [{ actions: [READ], namespaces: [a] }] }
  blind: { grants: [{ actions: [READ, MANAGE_ALARMS], namespaces: [a], hide: [TRAITS] }] }
${tokensFor('admin', 'a', 'b', 'reader', 'blind')}`;
const policy = policyOf('a');

let guarded: GuardedGateway;
let names = 0;
beforeAll(async () => {
  guarded = await bootGuarded(policy);
});
afterAll(() => guarded[Symbol.asyncDispose]());
afterEach(() => guarded.replacePolicy(policy));

const nameOf = () => `rule ${++names}`;

const inputOf = (more: object = {}) => ({
  name: nameOf(),
  namespace: 'a',
  entity: [{ field: 'KEY' }],
  condition: { threshold: { op: 'GTE', value: 1, over: '1h' } },
  ...more,
});

const create = (secret: string, input: object) =>
  guarded.ask(
    secret,
    'mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { id name } }',
    { input },
  );

async function created(secret: string, more: object = {}): Promise<{ id: string; name: string }> {
  const { data, errors } = await create(secret, inputOf(more));
  expect(errors).toBeUndefined();
  return data.createAlarmRule;
}

const codeOf = async (asked: ReturnType<GuardedGateway['ask']>): Promise<unknown> =>
  (await asked).errors?.[0]?.extensions.code;

async function report(...events: object[]): Promise<void> {
  const { errors } = await guarded.ask(
    'admin',
    'mutation ($events: [EventInput!]!) { reportEvents(events: $events, wait: STORED) { accepted } }',
    { events },
  );
  expect(errors).toBeUndefined();
}

const alarmsOf = async (secret: string, rule: string): Promise<string[]> => {
  const { data } = await guarded.ask(
    secret,
    'query ($filter: AlarmFilter) { alarms(filter: $filter) { nodes { entity { value } } } }',
    { filter: { rules: [rule] } },
  );
  return data.alarms.nodes
    .map(({ entity }: { entity: { value: string }[] }) => entity[0]?.value)
    .sort();
};

const untilAlarms = (secret: string, rule: string, keys: readonly string[]) =>
  vi.waitFor(async () => expect(await alarmsOf(secret, rule)).toEqual(keys), {
    timeout: patienceMs,
    interval: 50,
  });

test('a rule is made, changed, tried and deleted with MANAGE_ALARMS in its namespace', async () => {
  const { id } = await created('a');
  const update = (secret: string, input: object) =>
    guarded.ask(
      secret,
      'mutation ($id: ID!, $input: AlarmRuleInput!) { updateAlarmRule(id: $id, input: $input) { id } }',
      { id, input },
    );
  const remove = (secret: string) =>
    guarded.ask(secret, 'mutation ($id: ID!) { deleteAlarmRule(id: $id) }', { id });
  const tried = (secret: string) =>
    guarded.ask(
      secret,
      'mutation ($input: AlarmRuleInput!) { testAlarmRule(input: $input, time: { gte: "now-1h" }) { truncated } }',
      { input: inputOf() },
    );
  expect(await codeOf(create('b', inputOf()))).toBe('FORBIDDEN');
  expect(await codeOf(create('reader', inputOf()))).toBe('FORBIDDEN');
  expect(await codeOf(tried('b'))).toBe('FORBIDDEN');
  expect(await codeOf(tried('a'))).toBeUndefined();
  expect(await codeOf(update('reader', inputOf()))).toBe('FORBIDDEN');
  expect(await codeOf(update('a', inputOf({ namespace: 'b' })))).toBe('FORBIDDEN');
  expect(await codeOf(update('b', inputOf()))).toBe('NOT_FOUND');
  expect(await codeOf(remove('reader'))).toBe('FORBIDDEN');
  expect(await codeOf(remove('b'))).toBe('NOT_FOUND');
  expect(await codeOf(remove('a'))).toBeUndefined();
});

test('a rule is shown to those who may read its namespace or manage alarms there', async () => {
  const { id } = await created('a');
  const shown = async (secret: string) =>
    (await guarded.ask(secret, 'query ($id: ID!) { alarmRule(id: $id) { id } }', { id })).data
      .alarmRule;
  expect(await shown('reader')).toEqual({ id });
  expect(await shown('blind')).toEqual({ id });
  expect(await shown('b')).toBeNull();
  const { data } = await guarded.ask('b', '{ alarmRules { namespace } }');
  expect(data.alarmRules).toEqual([]);
});

test('a rule counts what its maker may read, by the policy of the moment', async () => {
  const { name } = await created('a', { filter: { categories: ['Count'] } });
  await report(
    { namespace: 'a', category: 'Count', key: 'own' },
    { namespace: 'b', category: 'Count', key: 'other' },
  );
  await untilAlarms('admin', name, ['own']);
  await guarded.replacePolicy(policyOf('a, b'));
  await untilAlarms('admin', name, ['other', 'own']);
});

test('a filter of what is hidden is rejected, and a label of it is empty', async () => {
  const filter = { traits: [{ name: 'secret', op: 'EXISTS' }] };
  expect(await codeOf(create('blind', inputOf({ filter })))).toBe('FORBIDDEN');
  const { name } = await created('blind', {
    filter: { categories: ['Hidden'] },
    entity: [{ trait: 'secret' }],
  });
  await report({
    namespace: 'a',
    category: 'Hidden',
    traits: [{ name: 'secret', value: { text: 'leaked' } }],
  });
  await vi.waitFor(async () => expect(await alarmsOf('admin', name)).toEqual([null]), patienceMs);
});

test('alarms are shown to those who may read their events, and acknowledged with MANAGE_ALARMS', async () => {
  const { name } = await created('a', { filter: { categories: ['Shown'] } });
  await report({ namespace: 'a', category: 'Shown', key: 'k' });
  await untilAlarms('reader', name, ['k']);
  expect(await alarmsOf('b', name)).toEqual([]);
  const { data } = await guarded.ask(
    'a',
    'query ($filter: AlarmFilter) { alarms(filter: $filter) { nodes { id } } }',
    { filter: { rules: [name] } },
  );
  const [{ id }] = data.alarms.nodes;
  const acknowledge = (secret: string) =>
    guarded.ask(secret, 'mutation ($id: ID!) { acknowledgeAlarm(id: $id) { acknowledgedBy } }', {
      id,
    });
  expect(await codeOf(acknowledge('reader'))).toBe('FORBIDDEN');
  expect(await codeOf(acknowledge('b'))).toBe('NOT_FOUND');
  expect((await acknowledge('a')).data.acknowledgeAlarm).toEqual({ acknowledgedBy: 'a' });
});

test('silences are made and ended with MANAGE_ALARMS in their namespace', async () => {
  const until = new Date(Date.now() + 600_000).toISOString();
  const make = (secret: string) =>
    guarded.ask(
      secret,
      'mutation ($input: SilenceInput!) { createSilence(input: $input) { id createdBy } }',
      { input: { namespace: 'a', rules: ['none'], until, comment: 'a test' } },
    );
  expect(await codeOf(make('reader'))).toBe('FORBIDDEN');
  expect(await codeOf(make('b'))).toBe('FORBIDDEN');
  const { data } = await make('a');
  const { id, createdBy } = data.createSilence;
  expect(createdBy).toBe('a');
  const end = (secret: string) =>
    guarded.ask(secret, 'mutation ($id: ID!) { endSilence(id: $id) { id } }', { id });
  expect(await codeOf(end('b'))).toBe('NOT_FOUND');
  expect(await codeOf(end('reader'))).toBe('FORBIDDEN');
  expect(await codeOf(end('a'))).toBeUndefined();
});
