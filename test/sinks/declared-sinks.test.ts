import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { DeclaredSink } from '../../src/sinks/declared-sinks.ts';
import type { Encoder } from '../../src/sinks/encoder.ts';
import type { SinkInput } from '../../src/sinks/spec.ts';
import { bootGateway, type TestGateway } from '../harness.ts';
import { type Receiver, startReceiver, until } from './receiver.ts';

let gateway: TestGateway;
let receiver: Receiver;
let names = 0;
let category = '';
let owner = '';

beforeAll(async () => {
  gateway = await bootGateway({ environment: { TIDINGS_SINK_NETWORKS: '127.0.0.0/8' } });
});
afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(async () => {
  names += 1;
  category = `Kind${names}`;
  owner = `owner ${names}`;
  receiver = await startReceiver();
});
afterEach(() => receiver[Symbol.asyncDispose]());

const input = (more: Partial<SinkInput> = {}): SinkInput => ({
  name: `sink ${names}`,
  namespace: 'default',
  filter: { categories: [category] },
  target: { webhook: { url: receiver.url, signed: false, timeout: '5s', handshake: false } },
  format: 'STANDARD',
  delivers: 'EVERY_CHANGE',
  order: 'KEY',
  parallel: 1,
  batch: 1,
  disableAfter: '1d',
  ...more,
});

const declare = (...sinks: DeclaredSink[]) =>
  gateway.gateway.context.sinks.declared.declare(owner, sinks);

const shown = async () => {
  const { sinks } = await gateway.gql(
    '{ sinks { id name origin state version cursor deliveredCount } }',
  );
  return sinks.filter(({ name }: { name: string }) => name.startsWith(`sink ${names}`));
};

const report = async () =>
  await gateway.gql(
    'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { results { ... on ReportedEvent { index } } } }',
    { events: [{ category, value: { n: 1 } }] },
  );

const isShown = () => until(async () => (await shown()).length === 1);

test('a declared sink delivers with its own encoder and headers, is shown, and cannot be changed by the API', async () => {
  const encoder: Encoder = {
    format: 'OWN',
    maxBatch: 1,
    encode: ([event]) => ({ contentType: 'text/plain', headers: {}, body: `own ${event?.type}` }),
  };
  const { webhook } = input().target;
  const headers = [{ name: 'X-Key', value: 'secret' }];
  declare({ input: input({ target: { webhook: { ...webhook, headers } as never } }), encoder });
  await isShown();
  await report();
  await until(() => receiver.received.length === 1);
  expect(receiver.received[0]).toMatchObject({
    body: `own ${category}`,
    headers: { 'x-key': 'secret', 'content-type': 'text/plain' },
  });
  const [{ id, origin, state }] = await shown();
  expect({ origin, state }).toEqual({ origin: 'FILE', state: 'ACTIVE' });
  for (const mutation of ['deleteSink(id: $id)', 'rotateSinkSecret(id: $id) { secret }']) {
    const { errors } = await gateway.run(`mutation ($id: ID!) { ${mutation} }`, { id });
    expect(errors?.[0]?.extensions).toEqual({ code: 'FORBIDDEN' });
  }
  const paused = await gateway.gql('mutation ($id: ID!) { pauseSink(id: $id) { state } }', { id });
  expect(paused.pauseSink.state).toBe('PAUSED');
});

test('a sink that is declared anew keeps its id and its cursor, and one that is not is deleted', async () => {
  declare({ input: input() });
  await isShown();
  const [{ id }] = await shown();
  await report();
  // Not before the answer has arrived: until then a sink that begins anew sends the event again.
  await until(async () => (await shown())[0]?.deliveredCount === 1);
  await using other = await startReceiver();
  const { webhook } = input().target;
  declare({ input: input({ target: { webhook: { ...webhook, url: other.url } as never } }) });
  await until(async () => (await shown())[0]?.version === 2);
  await report();
  await until(() => other.received.length === 1);
  expect((await shown())[0].id).toBe(id);
  expect(receiver.received).toHaveLength(1);
  declare();
  await until(async () => (await shown()).length === 0);
});

test('a fault names the sink and changes nothing', async () => {
  declare({ input: input() });
  await isShown();
  const bad = { input: input({ name: `sink ${names} b`, parallel: 0 }) };
  expect(() => declare({ input: input() }, bad)).toThrow(
    expect.objectContaining({ argument: ['1', 'parallel'] }),
  );
  expect(() => declare({ input: input() }, { input: input() })).toThrow(
    expect.objectContaining({ argument: ['1', 'name'] }),
  );
  await report();
  await until(() => receiver.received.length === 1);
  expect(await shown()).toHaveLength(1);
});

test('what a file left behind that nobody declares any more can be deleted', async () => {
  const { store } = gateway.gateway.context as unknown as {
    store: { sinks: { create(row: object): Promise<boolean> } };
  };
  declare({ input: input() });
  await isShown();
  const id = '0190f7c4-0000-7000-8000-000000000001';
  await store.sinks.create({
    id,
    namespace: 'default',
    name: `sink ${names} left`,
    origin: 'FILE',
    spec: { ...input(), declaredBy: 'nobody' },
    secrets: null,
    state: 'ACTIVE',
    stateReason: null,
    stateSince: 0,
    deliveredCount: 0,
    failedCount: 0,
    version: 1,
    createdAt: 0,
    updatedAt: 0,
  });
  await gateway.gql('mutation ($id: ID!) { deleteSink(id: $id) }', { id });
  await until(async () => (await shown()).length === 1);
});
