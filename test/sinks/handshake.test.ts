import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { bootGateway, type TestGateway } from '../harness.ts';
import { type Receiver, startReceiver, until } from './receiver.ts';

let gateway: TestGateway;
let receiver: Receiver;
let names = 0;

beforeAll(async () => {
  gateway = await bootGateway({
    environment: {
      TIDINGS_SECRET_KEY: 'a key for the tests only',
      TIDINGS_SINK_NETWORKS: '127.0.0.0/8',
      TIDINGS_PUBLIC_URL: 'https://tidings.example.org,http://127.0.0.1',
    },
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver[Symbol.asyncDispose]());

const inputOf = (category: string, url = receiver.url) => ({
  name: category,
  filter: { categories: [category] },
  order: 'NONE',
  target: { webhook: { url, signed: false, handshake: true } },
});

async function createSink() {
  names += 1;
  const category = `Asked${names}`;
  const { createSink: made } = await gateway.gql(
    'mutation ($input: SinkInput!) { createSink(input: $input) { sink { id } } }',
    { input: inputOf(category) },
  );
  return { category, id: made.sink.id as string };
}

const report = (category: string, count = 1) =>
  gateway.gql(
    'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { results { __typename } } }',
    { events: Array.from({ length: count }, () => ({ category, action: 'Made' })) },
  );

const asked = () => receiver.received.filter(({ method }) => method === 'OPTIONS');
/** The messages, each once: one whose answer is on its way when the sink changes is sent again. */
const posted = () => [
  ...new Map(
    receiver.received
      .filter(({ method }) => method === 'POST')
      .map((message) => [message.body, message]),
  ).values(),
];

/** Answers OPTIONS with these headers, and takes everything else. */
const consenting =
  (headers: Record<string, string>): Receiver['answer'] =>
  ({ method }, response) =>
    response.writeHead(200, method === 'OPTIONS' ? headers : {}).end();

test.each([
  ['its name', { 'WebHook-Allowed-Origin': 'TIDINGS.example.org', 'WebHook-Allowed-Rate': '*' }],
  ['everybody', { 'WebHook-Allowed-Origin': '*' }],
])('a target that consents to %s is sent events, in its name', async (_, headers) => {
  receiver.answer = consenting(headers);
  const { category } = await createSink();
  await report(category, 3);
  await until(() => posted().length === 3);
  expect(asked()).toHaveLength(1);
  expect(receiver.received[0]).toMatchObject({
    method: 'OPTIONS',
    headers: {
      'webhook-request-origin': 'tidings.example.org',
      'webhook-request-rate': '60000',
      'webhook-request-callback': expect.stringMatching(
        /^https:\/\/tidings\.example\.org\/cloudevents\/consent\/[\w-]{43}$/,
      ),
    },
  });
  for (const { headers } of posted()) {
    expect(headers['webhook-request-origin']).toBe('tidings.example.org');
  }
});

test.each([
  ['nothing', {}],
  ['somebody else', { 'WebHook-Allowed-Origin': 'example.org' }],
])('a target that consents to %s is sent nothing until it does', async (_, headers) => {
  receiver.answer = consenting(headers);
  const { category, id } = await createSink();
  await report(category);
  const sink = async () =>
    (
      await gateway.gql(
        'query ($id: ID!) { sink(id: $id) { state stateReason attempts { response } } }',
        { id },
      )
    ).sink;
  await until(async () => (await sink()).state === 'FAILING');
  expect((await sink()).attempts[0].response).toBe(
    'The target does not consent: its answer to OPTIONS does not have WebHook-Allowed-Origin: ' +
      'tidings.example.org, nor has it called back yet.',
  );
  expect(posted()).toEqual([]);
  receiver.answer = consenting({ 'WebHook-Allowed-Origin': '*' });
  await until(() => posted().length === 1);
});

test.each(['GET', 'POST'])('a target consents later by %s on the callback', async (method) => {
  receiver.answer = consenting({ Allow: 'POST' });
  const { category, id } = await createSink();
  await report(category);
  await until(() => asked().length > 0);
  const { pathname } = new URL(String(asked()[0]?.headers['webhook-request-callback']));
  const call = (path: string) =>
    fetch(`${gateway.origin}${path}`, { method, headers: { 'WebHook-Allowed-Rate': '120000' } });
  expect((await call(`${pathname}x`)).status).toBe(404);
  expect((await call(pathname)).status).toBe(204);
  await until(() => posted().length === 1);

  // It is remembered for its URL: a sink that begins anew does not ask again, one with another URL does.
  const before = asked().length;
  const update = async (url: string) =>
    await gateway.gql(
      'mutation ($id: ID!, $input: SinkInput!) { updateSink(id: $id, input: $input) { id } }',
      { id, input: inputOf(category, url) },
    );
  await update(receiver.url);
  await report(category);
  await until(() => posted().length === 2);
  expect(asked()).toHaveLength(before);
  await update(`${receiver.url}/other`);
  await until(async () => {
    await report(category);
    return asked().length > before;
  });
  expect(asked().at(-1)?.headers['webhook-request-callback']).not.toContain(pathname);
});

test('the rate that a target allows is kept', async () => {
  // One every 100 ms.
  receiver.answer = consenting({ 'WebHook-Allowed-Origin': '*', 'WebHook-Allowed-Rate': '600' });
  const { category } = await createSink();
  const begin = performance.now();
  await report(category, 6);
  await until(() => posted().length === 6);
  expect(performance.now() - begin).toBeGreaterThanOrEqual(500);
});

test('a sink that is not saved can be tested where its target consents at once', async () => {
  const testSink = async () =>
    (
      await gateway.gql(
        'mutation ($input: SinkInput!) { testSink(input: $input) { succeeded response } }',
        { input: inputOf('Tested') },
      )
    ).testSink;
  receiver.answer = consenting({});
  expect(await testSink()).toMatchObject({ succeeded: false });
  expect(asked()[0]?.headers).not.toHaveProperty('webhook-request-callback');
  receiver.answer = consenting({ 'WebHook-Allowed-Origin': '*' });
  expect(await testSink()).toMatchObject({ succeeded: true });
});
