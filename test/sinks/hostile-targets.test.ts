import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OpenStore } from '../../src/store/open.ts';
import { bootGateway, type TestGateway } from '../harness.ts';
import { dataDirectory } from '../pglite.ts';
import { startReceiver, status, until } from './receiver.ts';

let gateway: TestGateway;
let names = 0;
beforeAll(async () => {
  gateway = await bootGateway({
    environment: { TIDINGS_SINK_NETWORKS: '127.0.0.0/8' },
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function createSink(url: string, more: object = {}) {
  names += 1;
  const category = `Hostile${names}`;
  const input = {
    name: category,
    filter: { categories: [category] },
    target: { webhook: { url, signed: false, timeout: '1s' } },
    ...more,
  };
  const { createSink: made } = await gateway.gql(
    'mutation ($input: SinkInput!) { createSink(input: $input) { sink { id } } }',
    { input },
  );
  return { category, id: made.sink.id as string };
}

const report = (category: string, values: readonly number[]) =>
  gateway.gql(
    'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { results { __typename } } }',
    { events: values.map((value) => ({ category, action: 'Made', key: `k${value % 3}`, value })) },
  );

const sinkOf = async (id: string, fields: string) =>
  (await gateway.gql(`query ($id: ID!) { sink(id: $id) { ${fields} } }`, { id })).sink;

test('a target whose certificate nobody trusts is sent nothing, and fails with the reason', async () => {
  const fixture = (name: string) =>
    readFileSync(join(import.meta.dirname, '../fixtures/nats-tls', name));
  let requests = 0;
  const server = createServer(
    { cert: fixture('cert.pem'), key: fixture('key.pem') },
    (_, response) => {
      requests += 1;
      response.end();
    },
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const { category, id } = await createSink(`https://127.0.0.1:${port}/`);
  await report(category, [1]);
  await until(async () => (await sinkOf(id, 'state')).state === 'FAILING');
  const { stateReason } = await sinkOf(id, 'stateReason');
  expect(stateReason).toMatch(/certificate|altname/i);
  expect(requests).toBe(0);
  server.close();
});

test('targets that hang, redirect or speak nonsense hold up no other sink', async () => {
  await using slow = await startReceiver(() => {});
  await using redirect = await startReceiver(status(302, '', { location: 'http://127.0.0.1:1/' }));
  await using good = await startReceiver();
  const hostile = [await createSink(slow.url), await createSink(redirect.url)];
  const { category } = await createSink(good.url);
  for (const each of hostile) await report(each.category, [1, 2, 3]);
  await report(category, [1, 2, 3]);
  await until(() => good.received.length === 3);
  for (const { id } of hostile) {
    await until(async () => (await sinkOf(id, 'state')).state === 'FAILING');
    expect(await sinkOf(id, 'failedDeliveries { totalCount } deliveredCount')).toEqual({
      failedDeliveries: { totalCount: 0 },
      deliveredCount: 0,
    });
  }
});

test('a target that is down under load costs no storage, and is caught up in order of each key', async () => {
  await using receiver = await startReceiver(status(503));
  const { category, id } = await createSink(receiver.url, { parallel: 8 });
  const values = Array.from({ length: 2_000 }, (_, at) => at);
  for (let from = 0; from < values.length; from += 500) {
    await report(category, values.slice(from, from + 500));
  }
  await until(async () => (await sinkOf(id, 'state')).state === 'FAILING');
  expect((await sinkOf(id, 'failedDeliveries { totalCount }')).failedDeliveries.totalCount).toBe(0);
  const rejected = receiver.received.length;
  // One probe at a time, and not one for each event.
  expect(rejected).toBeLessThan(50);
  receiver.answer = status(200);
  await until(() => receiver.received.length - rejected >= values.length);
  const taken = receiver.received.slice(rejected).map(({ json }) => json.data.value as number);
  for (const key of [0, 1, 2]) {
    const ofKey = [...new Set(taken.filter((value) => value % 3 === key))];
    expect(ofKey).toEqual(values.filter((value) => value % 3 === key));
  }
  await until(async () => (await sinkOf(id, 'state')).state === 'ACTIVE');
});

test('a gap that retention has made is sent in the format of the sink', async () => {
  await using data = await dataDirectory();
  await using standard = await startReceiver();
  await using slack = await startReceiver();
  const environment = { TIDINGS_SINK_NETWORKS: '127.0.0.0/8' };
  {
    await using before = await bootGateway({ dataDirectory: data.path, environment });
    for (const [format, { url }] of Object.entries({ STANDARD: standard, SLACK: slack })) {
      const target = { webhook: { url, signed: false } };
      const input = { name: format, format, filter: { categories: ['Gap'] }, target };
      await before.gql(
        'mutation ($input: SinkInput!) { createSink(input: $input) { sink { id } } }',
        { input },
      );
    }
    const { sinks } = await before.gql('{ sinks { id } }');
    for (const { id } of sinks) {
      await before.gql('mutation ($id: ID!) { pauseSink(id: $id) { state } }', { id });
    }
    await until(async () => (await before.metric('tidings_sinks_running')) === 0);
    await before.gql(
      'mutation { reportEvents(events: [{ category: "Gap" }]) { results { __typename } } }',
    );
    const store = before.gateway.context.store as OpenStore;
    await until(async () => (await store.expire(Date.now() * 1_000)) > 0);
  }
  // A new process holds nothing in memory any more.
  await using after = await bootGateway({ dataDirectory: data.path, environment });
  const { reportEvents } = await after.gql(
    'mutation { reportEvents(events: [{ category: "Gap" }]) { results { ... on ReportedEvent { index } } } }',
  );
  const { sinks } = await after.gql('{ sinks { id } }');
  for (const { id } of sinks) {
    await after.gql('mutation ($id: ID!) { resumeSink(id: $id) { state } }', { id });
  }
  await until(() => standard.received.length === 2 && slack.received.length === 2);
  expect(await after.metric('tidings_sinks_gaps_total')).toBe(2);
  const [gap, event] = standard.received;
  expect(gap?.json).toMatchObject({ type: 'tidings.gap', data: { from: 0 } });
  expect(gap?.headers).not.toHaveProperty('tidings-index');
  expect(event?.headers['tidings-index']).toBe(String(reportEvents.results[0].index));
  expect(slack.received[0]?.json.text).toMatch(/^Events after index 0 and up to \d+ were deleted/);
});
