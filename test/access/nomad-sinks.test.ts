import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../dialects/http-client.ts';
import { type Receiver, startReceiver, until } from '../sinks/receiver.ts';
import { byNomad } from './callers.ts';
import { bootGuarded, type GuardedGateway, tokensFor } from './guarded-gateway.ts';

const policy = `
roles:
  admin: { grants: [{ actions: [ADMIN] }] }
  operator: { grants: [{ actions: [READ], topics: [Operator], namespaces: [default] }] }
  reader: { grants: [{ actions: [READ], namespaces: [a] }] }
  local: { grants: [{ actions: [READ, MANAGE_SINKS], namespaces: [default] }] }
  keeper:
    grants:
      - { actions: [MANAGE_SINKS] }
      - { actions: [READ], namespaces: [a], hide: [VALUE] }
  anonymous:
    grants:
      - { actions: [MANAGE_SINKS] }
      - { actions: [READ], namespaces: [public] }
${tokensFor('admin', 'operator', 'reader', 'local', 'keeper')}`;

let guarded: GuardedGateway;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  guarded = await bootGuarded(policy, { TIDINGS_SINK_NETWORKS: '127.0.0.0/8' });
});
afterAll(async () => {
  await guarded[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

async function call(secret: string | null, method: string, path: string, body?: object) {
  const reply = await ask(`${guarded.booted.origin}/v1/event/${path}`, {
    method,
    headers: byNomad(secret),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: reply.status, text: reply.body };
}

const put = (secret: string | null, id: string, topics: object = {}) =>
  call(secret, 'PUT', `sink/${id}`, {
    ID: id,
    Type: 'webhook',
    Topics: topics,
    Address: `${receiver.url}/${id}`,
  });

async function report(category: string): Promise<void> {
  const events = ['a', 'default', 'public', 'z'].map((namespace) => ({
    namespace,
    category,
    key: `of ${namespace}`,
    value: { shown: namespace },
  }));
  const { errors } = await guarded.ask(
    'admin',
    'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { accepted } }',
    { events },
  );
  expect(errors).toBeUndefined();
}

const deliveredTo = (id: string): string[] =>
  receiver.received.filter(({ path }) => path.endsWith(`/${id}`)).map(({ body }) => body);

test('a sink delivers what its maker may read, whoever makes it: a token, and nobody in particular', async () => {
  expect((await put('keeper', 'of-keeper', { Watched: ['*'] })).status).toBe(200);
  expect((await put(null, 'of-anybody', { Watched: ['*'] })).status).toBe(200);
  await report('Watched');
  await until(() => deliveredTo('of-keeper').join().includes('of a'));
  await until(() => deliveredTo('of-anybody').join().includes('of public'));
  await report('Watched');
  await until(() => deliveredTo('of-keeper').join().split('of a').length > 2);
  await until(() => deliveredTo('of-anybody').join().split('of public').length > 2);
  expect(deliveredTo('of-keeper').join()).not.toMatch(/of (default|public|z)|shown/);
  expect(deliveredTo('of-anybody').join()).not.toMatch(/of (a|default|z)\b/);
});

test('whoever puts a sink anew bounds it from then on', async () => {
  expect((await put('admin', 'taken', { Taken: ['*'] })).status).toBe(200);
  await report('Taken');
  await until(() => deliveredTo('taken').join().includes('of z'));
  expect((await put('keeper', 'taken', { Taken: ['*'] })).status).toBe(200);
  const before = deliveredTo('taken').length;
  await report('Taken');
  await until(() => deliveredTo('taken').slice(before).join().includes('of a'));
  const { data } = await guarded.ask('admin', '{ sinks { name replays { id } id } }');
  const { id } = data.sinks.find(({ name }: { name: string }) => name === 'nomad:taken');
  const replay = (secret: string) =>
    guarded.ask(
      secret,
      'mutation ($id: ID!) { replaySink(id: $id, range: { indexes: { from: 1, to: 2 } }) { id } }',
      { id },
    );
  expect((await replay('keeper')).errors).toBeUndefined();
  expect((await replay('local')).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
});

test.each([
  ['reader', 403, 403],
  // Not over all namespaces.
  ['local', 200, 403],
  ['operator', 200, 403],
  [null, 403, 200],
  ['keeper', 403, 200],
  ['bad', 403, 403],
])('%s: answers %i to reading, and %i to managing', async (secret, reading, managing) => {
  for (const path of ['sinks', 'sink/none']) {
    const { status } = await call(secret, 'GET', path);
    expect(status === 404 ? 200 : status, path).toBe(reading);
  }
  expect((await put(secret, `by-${secret}`)).status).toBe(managing);
  expect((await call(secret, 'DELETE', `sink/by-${secret}`)).status).toBe(managing);
});

test('a sink of such a name that another interface has made is none of Nomad’s', async () => {
  const descriptions = [null, '{ not JSON', '{}', '{"topics":null}', 'null'];
  for (const [number, description] of descriptions.entries()) {
    const input = {
      name: `nomad:other ${number}`,
      description,
      format: 'NOMAD',
      target: { webhook: { url: receiver.url, signed: false } },
    };
    const { errors } = await guarded.ask(
      'local',
      'mutation ($input: SinkInput!) { createSink(input: $input) { sink { id } } }',
      { input },
    );
    expect(errors).toBeUndefined();
  }
  const { status, text } = await call('operator', 'GET', 'sinks');
  expect(status).toBe(200);
  expect(text).not.toContain('other');
});
