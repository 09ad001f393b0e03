import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootGuarded, tokensFor } from '../../access/guarded-gateway.ts';
import { startReceiver, until } from '../../sinks/receiver.ts';
import { startGateway, type TestGateway } from '../gateway.ts';
import { ask } from '../http-client.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ environment: { TIDINGS_SINK_NETWORKS: '127.0.0.0/8' } });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const call = (method: string, path: string, body?: unknown) =>
  ask(`${gateway.url}/v1/event/${path}`, {
    method,
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });

test('a sink is registered, delivers lines under aliases of topics, is changed and deleted', async () => {
  await using receiver = await startReceiver();
  expect((await call('GET', 'sinks')).body).toBe('[]');
  const sink = {
    ID: 'hook',
    Type: 'webhook',
    Topics: { Eval: ['*'], Job: ['redis'], constructor: ['no topic of ours'] },
    Address: receiver.url,
  };
  const registered = await call('POST', 'sink/hook', sink);
  expect([registered.status, registered.body]).toEqual([200, '']);
  expect(registered.headers['x-nomad-index']).toMatch(/^[1-9]\d*$/);
  const listed = JSON.parse((await call('GET', 'sinks')).body);
  expect(listed).toMatchObject([sink]);
  const shown = JSON.parse((await call('GET', 'sink/hook')).body);
  expect(Object.keys(shown)).toEqual([
    'ID',
    'Type',
    'Topics',
    'Address',
    'LatestIndex',
    'CreateIndex',
    'ModifyIndex',
  ]);
  const report = async (category: string, key: string) => {
    const [result] = await gateway.context.intake.report(
      [{ dialect: 'TIDINGS', category, action: 'A', key }],
      'STORED',
    );
    return result;
  };
  await report('Evaluation', 'e');
  await report('Job', 'nginx');
  await report('Job', 'redis');
  await until(() => receiver.received.length === 2);
  expect(receiver.received.map(({ json }) => json.Events[0].Key)).toEqual(['e', 'redis']);
  expect(receiver.received[0]?.body).toMatch(/^\{"Index":\d+,"Events":\[.*\]\}\n$/);
  await until(
    async () => JSON.parse((await call('GET', 'sink/hook')).body).LatestIndex > shown.LatestIndex,
  );
  const changed = { ...sink, Topics: { NodeDrain: ['*'] } };
  expect((await call('PUT', 'sink/hook', changed)).status).toBe(200);
  const after = JSON.parse((await call('GET', 'sink/hook')).body);
  expect(after).toMatchObject({ ...changed, CreateIndex: shown.CreateIndex });
  expect(after.ModifyIndex).toBeGreaterThan(shown.ModifyIndex);
  const deleted = await call('DELETE', 'sink/hook');
  expect([deleted.status, deleted.body]).toEqual([200, '']);
  const gone = await call('GET', 'sink/hook');
  expect([gone.status, gone.body]).toEqual([404, 'event sink not found']);
});

test.each<[string, string, unknown, number, string]>([
  ['POST', 'sink/', {}, 400, 'Missing Policy Name'],
  ['POST', 'sink/a', { ID: 'b' }, 400, 'Event sink name does not match request path'],
  ['POST', 'sink/a', 'x', 500, 'failed to decode the event sink: it is not JSON'],
  ['POST', 'sink/a', { ID: 'a' }, 500, '1 error occurred:\n\t* Sink type invalid\n\n'],
  [
    'PUT',
    'sink/a',
    { ID: 'a', Type: 'webhook' },
    500,
    '1 error occurred:\n\t* Webhook sink requires a valid Address\n\n',
  ],
  [
    'POST',
    'sink/a%20b',
    { ID: 'a b' },
    500,
    '2 errors occurred:\n\t* Sink ID contains a space\n\t* Sink type invalid\n\n',
  ],
  ['PATCH', 'sink/a', {}, 405, 'Invalid method'],
  ['POST', 'sinks', {}, 405, 'Invalid method'],
])('%s %s %j', async (method, path, body, status, text) => {
  const answer = await call(method, path, body);
  expect([answer.status, answer.body]).toEqual([status, text]);
});

test('a body that cannot be read is answered as what it is', async () => {
  const put = (body: string, headers: Record<string, string>) =>
    ask(`${gateway.url}/v1/event/sink/a`, { method: 'PUT', body, headers });
  const utf16 = await put('{}', { 'Content-Type': 'application/json; charset=utf-16' });
  expect([utf16.status, utf16.body]).toEqual([415, 'The body must be UTF-8.']);
  const large = await put(' '.repeat(2_000_000), { 'Content-Type': 'application/json' });
  expect([large.status, large.body]).toEqual([
    413,
    expect.stringMatching(/^The body is longer than \d+ bytes\.$/),
  ]);
});

test('with access control: management changes sinks, operator:read sees them, others neither', async () => {
  const roles = {
    admin: { grants: [{ actions: ['ADMIN'] }] },
    operator: { grants: [{ actions: ['READ'], topics: ['Operator'], namespaces: ['default'] }] },
    jobs: { grants: [{ actions: ['READ'], topics: ['Job'] }] },
  };
  const policy = `roles: ${JSON.stringify(roles)}\n${tokensFor(...Object.keys(roles))}`;
  await using guarded = await bootGuarded(policy, { TIDINGS_SINK_NETWORKS: '127.0.0.0/8' });
  const sink = { ID: 'a', Type: 'webhook', Address: 'http://127.0.0.1:1/' };
  const status = async (secret: string, method: string, path: string) => {
    const answer = await ask(`${guarded.booted.origin}/v1/event/${path}`, {
      method,
      headers: { 'X-Nomad-Token': secret },
      ...(method === 'PUT' && { body: JSON.stringify(sink) }),
    });
    return answer.status === 403 ? answer.body : answer.status;
  };
  const denied = 'Permission denied';
  for (const secret of ['operator', 'jobs', 'wrong']) {
    expect(await status(secret, 'PUT', 'sink/a')).toBe(denied);
    expect(await status(secret, 'DELETE', 'sink/a')).toBe(denied);
  }
  expect(await status('admin', 'PUT', 'sink/a')).toBe(200);
  expect(await status('operator', 'GET', 'sinks')).toBe(200);
  expect(await status('operator', 'GET', 'sink/a')).toBe(200);
  expect(await status('jobs', 'GET', 'sinks')).toBe(denied);
  expect(await status('jobs', 'GET', 'sink/a')).toBe(denied);
  expect(await status('admin', 'DELETE', 'sink/a')).toBe(200);
});
