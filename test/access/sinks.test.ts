import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Receiver, startReceiver, until } from '../sinks/receiver.ts';
import { bootGuarded, type GuardedGateway, tokensFor } from './guarded-gateway.ts';

const policy = `
roles:
  admin: { grants: [{ actions: [ADMIN] }] }
  a: { grants: [{ actions: [READ, REPORT, MANAGE_SINKS], namespaces: [a] }] }
  b: { grants: [{ actions: [READ, REPORT, MANAGE_SINKS], namespaces: [b] }] }
  blind: { grants: [{ actions: [READ, MANAGE_SINKS], namespaces: [a], hide: [VALUE, TRAITS] }] }
  manager: { grants: [{ actions: [MANAGE_SINKS] }] }
  owner-of-a: { grants: [{ actions: [ADMIN], namespaces: [a] }] }
${tokensFor('admin', 'a', 'b', 'blind', 'manager', 'owner-of-a')}`;

let guarded: GuardedGateway;
let receiver: Receiver;
let names = 0;
beforeAll(async () => {
  guarded = await bootGuarded(policy, {
    TIDINGS_SINK_NETWORKS: '127.0.0.0/8',
    TIDINGS_SECRET_KEY: 'a key of the test, long enough',
  });
});
afterAll(() => guarded[Symbol.asyncDispose]());
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver[Symbol.asyncDispose]());

function inputOf(more: object = {}): object {
  names += 1;
  return {
    name: `sink ${names}`,
    namespace: 'a',
    target: { webhook: { url: receiver.url, signed: false } },
    ...more,
  };
}

const create = (secret: string, more: object = {}) =>
  guarded.ask(
    secret,
    'mutation ($input: SinkInput!) { createSink(input: $input) { sink { id } } }',
    { input: inputOf(more) },
  );

async function created(secret: string, more: object = {}): Promise<string> {
  const { data, errors } = await create(secret, more);
  expect(errors).toBeUndefined();
  return data.createSink.sink.id;
}

const codeOf = async (asked: ReturnType<GuardedGateway['ask']>): Promise<unknown> =>
  (await asked).errors?.[0]?.extensions.code;

async function report(...events: object[]): Promise<void> {
  const { errors } = await guarded.ask(
    'admin',
    'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { accepted } }',
    { events },
  );
  expect(errors).toBeUndefined();
}

const delivered = (): string[] => receiver.received.map(({ json }) => json.data.key);

const sinkOf = async (secret: string, id: string) =>
  (await guarded.ask(secret, 'query ($id: ID!) { sink(id: $id) { state stateReason } }', { id }))
    .data?.sink;

test('delivers what its owner may read, whatever its filter says, and without hidden fields', async () => {
  await created('a');
  await created('blind', { filter: { namespaces: ['a', 'b'] } });
  await report(
    { namespace: 'b', category: 'Secret', key: 'b' },
    { namespace: 'tidings', category: 'Other', key: 'audit' },
    { namespace: 'a', category: 'Open', key: 'a', value: { n: 1 } },
  );
  await until(() => receiver.received.length === 2);
  expect(delivered()).toEqual(['a', 'a']);
  const values = receiver.received.map(({ json }) => json.data.value);
  expect(values).toContainEqual({ n: 1 });
  expect(values).toContain(null);
});

test('is made, seen and managed in namespaces with MANAGE_SINKS alone', async () => {
  const id = await created('a');
  expect(await codeOf(create('a', { namespace: 'b' }))).toBe('FORBIDDEN');
  expect(await codeOf(create('manager'))).toBe('FORBIDDEN');
  expect(await sinkOf('a', id)).toMatchObject({ state: 'ACTIVE' });
  expect(await sinkOf('b', id)).toBeNull();
  const { data } = await guarded.ask('b', '{ sinks { id } }');
  expect(data.sinks).toEqual([]);
  for (const mutation of [
    'pauseSink(id: $id) { id }',
    'deleteSink(id: $id)',
    'testSink(id: $id) { succeeded }',
    'replaySink(id: $id, range: { indexes: { from: 1, to: 9 } }) { id }',
    'rotateSinkSecret(id: $id) { secret }',
    'retryFailedDeliveries(sinkId: $id)',
  ]) {
    const asked = guarded.ask('b', `mutation ($id: ID!) { ${mutation} }`, { id });
    expect(await codeOf(asked), mutation).toBe('NOT_FOUND');
  }
  const moved = guarded.ask(
    'a',
    'mutation ($id: ID!, $input: SinkInput!) { updateSink(id: $id, input: $input) { id } }',
    { id, input: inputOf({ namespace: 'b' }) },
  );
  expect(await codeOf(moved)).toBe('FORBIDDEN');
});

test("files of the gateway's machine are for ADMIN over everything", async () => {
  const target = { file: { path: '/tmp/none' } };
  expect(await codeOf(create('a', { target }))).toBe('FORBIDDEN');
  expect(await codeOf(create('owner-of-a', { target }))).toBe('FORBIDDEN');
});

test('a filter does not ask for hidden fields', async () => {
  const filter = { traits: [{ name: 'pin', op: 'EXISTS' }] };
  expect(await codeOf(create('blind', { filter }))).toBe('FORBIDDEN');
});

test('is replayed by those who may read what its owner may, as a replay counts', async () => {
  const filter = { categories: ['Counted'] };
  const ofAdmin = await created('admin', { filter });
  const replay = (secret: string, id: string) =>
    guarded.ask(
      secret,
      'mutation ($id: ID!) { replaySink(id: $id, range: { indexes: { from: 1, to: 2 } }, filter: { keys: ["x"] }) { id } }',
      { id },
    );
  expect(await codeOf(replay('a', ofAdmin))).toBe('FORBIDDEN');
  expect((await replay('admin', ofAdmin)).errors).toBeUndefined();
  const own = await created('a', { filter });
  expect((await replay('a', own)).errors).toBeUndefined();
  expect((await replay('admin', own)).errors).toBeUndefined();
});

test('whoever changes its URL does not learn the headers that somebody else gave', async () => {
  const webhook = { url: receiver.url, signed: false };
  const authorization = { name: 'authorization', value: 'Bearer of-the-target' };
  const filter = { categories: ['Headed'] };
  const given = inputOf({ filter, target: { webhook: { ...webhook, headers: [authorization] } } });
  const { data } = await guarded.ask(
    'admin',
    'mutation ($input: SinkInput!) { createSink(input: $input) { sink { id } } }',
    { input: given },
  );
  const update = (target: object) =>
    guarded.ask(
      'a',
      'mutation ($id: ID!, $input: SinkInput!) { updateSink(id: $id, input: $input) { id } }',
      { id: data.createSink.sink.id, input: { ...given, target: { webhook: target } } },
    );
  await using elsewhere = await startReceiver();
  const { errors } = await update({ ...webhook, url: elsewhere.url });
  expect(errors).toMatchObject([
    { extensions: { code: 'BAD_USER_INPUT', argument: ['input', 'target', 'webhook', 'headers'] } },
  ]);
  // Another path of the same server, or headers of the caller's own.
  expect((await update({ ...webhook, url: `${receiver.url}/other` })).errors).toBeUndefined();
  await report({ namespace: 'a', category: 'Headed', key: 'x' });
  await until(() => receiver.received.length === 1);
  expect(receiver.received[0]?.headers.authorization).toBe('Bearer of-the-target');
  expect((await update({ ...webhook, url: elsewhere.url, headers: [] })).errors).toBeUndefined();
  await report({ namespace: 'a', category: 'Headed', key: 'y' });
  // Perhaps both events: the answer to the first may have been on its way when the sink changed.
  await until(() => elsewhere.received.length >= 1);
  expect(elsewhere.received[0]?.headers.authorization).toBeUndefined();
});

test('whoever changes it bounds it from then on', async () => {
  const filter = { categories: ['Taken'] };
  const input = inputOf({ filter });
  const { data } = await guarded.ask(
    'admin',
    'mutation ($input: SinkInput!) { createSink(input: $input) { sink { id } } }',
    { input },
  );
  await report({ namespace: 'b', category: 'Taken', key: 'before' });
  await until(() => receiver.received.length === 1);
  const { errors } = await guarded.ask(
    'a',
    'mutation ($id: ID!, $input: SinkInput!) { updateSink(id: $id, input: $input) { id } }',
    { id: data.createSink.sink.id, input },
  );
  expect(errors).toBeUndefined();
  await report(
    { namespace: 'b', category: 'Taken', key: 'hidden' },
    { namespace: 'a', category: 'Taken', key: 'after' },
  );
  await until(() => delivered().includes('after'));
  // One that was delivered just before the change may come again.
  expect([...new Set(delivered())]).toEqual(['before', 'after']);
});

test('ends with the rights of its owner: a new policy, a revoked token', async () => {
  const { data } = await guarded.ask(
    'admin',
    'mutation { createToken(input: { name: "made", roles: ["b"] }) { secret token { id } } }',
  );
  const { secret, token } = data.createToken;
  const ofToken = await created(secret, { namespace: 'b' });
  await guarded.ask('admin', 'mutation ($id: ID!) { revokeToken(id: $id) { id } }', {
    id: token.id,
  });
  await until(async () => (await sinkOf('b', ofToken)).state === 'PAUSED');
  expect((await sinkOf('b', ofToken)).stateReason).toMatch(/owner may no longer read/);

  const ofRole = await created('a', { filter: { categories: ['Changed'] } });
  await guarded.replacePolicy(
    policy.replace(
      '  a: { grants: [{ actions: [READ, REPORT, MANAGE_SINKS], namespaces: [a] }] }',
      '  a: { grants: [{ actions: [READ], namespaces: [c] }, { actions: [MANAGE_SINKS], namespaces: [a] }] }',
    ),
  );
  // The consumer begins anew with the other rights.
  await until(async () => {
    await report({ namespace: 'c', category: 'Changed', key: 'c' });
    return delivered().includes('c');
  });
  await report(
    { namespace: 'a', category: 'Changed', key: 'a' },
    { namespace: 'c', category: 'Changed', key: 'last' },
  );
  await until(() => delivered().includes('last'));
  expect(delivered()).not.toContain('a');
  await guarded.replacePolicy(
    policy.replace(
      '  a: { grants: [{ actions: [READ, REPORT, MANAGE_SINKS], namespaces: [a] }] }',
      '  a: { grants: [{ actions: [MANAGE_SINKS], namespaces: [a] }] }',
    ),
  );
  await until(async () => (await sinkOf('a', ofRole)).state === 'PAUSED');
  await guarded.replacePolicy(policy);
});

test('the body and the key of a failed delivery are for those who may read its event', async () => {
  receiver.answer = (_, response) => response.writeHead(422).end('no');
  const id = await created('admin', { filter: { categories: ['Failing'] } });
  await report({ namespace: 'b', category: 'Failing', key: 'key of b', message: 'for b alone' });
  const query = `query ($id: ID!) { sink(id: $id) { failedDeliveries { nodes { index key body event { message } } } } }`;
  await until(async () => {
    const { data } = await guarded.ask('admin', query, { id });
    return data.sink.failedDeliveries.nodes[0]?.body.includes('for b alone') === true;
  });
  const asked = await guarded.ask('a', query, { id });
  expect(asked.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  expect(JSON.stringify(asked)).not.toContain('for b alone');
  for (const secret of ['a', 'admin']) {
    const { data } = await guarded.ask(secret, query.replace('body event { message }', ''), { id });
    const key = secret === 'admin' ? 'key of b' : null;
    expect(data.sink.failedDeliveries.nodes).toMatchObject([{ key }]);
  }
});
