import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type Harness, type Harnesses, openHarnesses } from '../../live/harness.ts';
import { RawSocket } from '../raw-socket.ts';

let harnesses: Harnesses;
let harness: Harness;
const open: { close(): void }[] = [];

beforeAll(async () => {
  harnesses = await openHarnesses();
  harness = await harnesses.open({ maxOperations: 3, maxConnections: 40 });
});
afterAll(async () => {
  await harness[Symbol.asyncDispose]();
  await harnesses[Symbol.asyncDispose]();
});
afterEach(async () => {
  for (const socket of open.splice(0)) socket.close();
  await vi.waitFor(() => {
    expect(harness.sockets.stats().connections).toBe(0);
    const nothing = { subscriptions: 0, channels: 0, feeds: 0, indexEntries: 0 };
    expect(harness.live.stats()).toMatchObject(nothing);
  });
});

async function connect(url = harness.socketUrl): Promise<RawSocket> {
  const socket = await RawSocket.open(url);
  open.push(socket);
  return socket;
}

const subscriptions = (count: number) =>
  vi.waitFor(() => expect(harness.live.stats().subscriptions).toBe(count));

const all = 'subscription { events { index message } }';

describe('subscriptions over WebSocket', () => {
  test('of any selection are sent what is selected', async () => {
    const socket = await connect();
    socket.subscribe(
      'x"é',
      `subscription Name($key: String!, $more: Boolean!, $trait: String!) {
        happened: events(filter: { keys: [$key] }) {
          ...Some
          category { name description actions { name plane } }
          size: trait(name: $trait) { value ... on Trait { type } }
          source @include(if: $more) { node }
        }
      }
      fragment Some on Event { id type message value }`,
      { key: 'k', more: false, trait: 'size' },
    );
    await subscriptions(1);
    const id = randomUUID();
    await harness.report(
      { key: 'other' },
      {
        id,
        key: 'k',
        category: 'Volume',
        action: 'Create',
        message: 'a "ü" \u2028\n\u{1f600}',
        traits: [{ name: 'size', type: 'INT', value: 7 }],
        value: { deep: ['é'] },
      },
    );
    await vi.waitFor(() => expect(socket.of('x"é')).toHaveLength(1));
    expect(socket.of('x"é')[0]?.payload).toEqual({
      data: {
        happened: {
          id,
          type: 'Volume.Create',
          message: 'a "ü" \u2028\n\u{1f600}',
          value: { deep: ['é'] },
          category: {
            name: 'Volume',
            description: expect.any(String),
            actions: expect.arrayContaining([{ name: 'Create', plane: 'CONTROL_PLANE' }]),
          },
          size: { value: 7, type: 'INT' },
        },
      },
    });
  });

  test('that select the same of the same share a channel, whatever they look like', async () => {
    const socket = await connect();
    const other = await connect();
    socket.subscribe('1', 'subscription{events(filter:{keys:["k"]}){id type}}');
    socket.subscribe(
      '2',
      `# A comment.
      query Unused { journal { kind } }`.replace('query Unused { journal { kind } }', '') +
        'subscription Named($k:[String!]) { events(filter: { keys: $k }, afterIndex: null) { id, type } }',
      { k: ['k'] },
    );
    other.subscribe('1', 'subscription ($f: EventFilter) { events(filter: $f) { id type } }', {
      f: { keys: 'k' },
    });
    await subscriptions(3);
    expect(harness.live.stats().channels).toBe(1);
    other.subscribe('2', 'subscription { events(filter: { keys: ["j"] }) { id type } }');
    other.subscribe('3', 'subscription { events(filter: { keys: ["k"] }) { type id } }');
    await subscriptions(5);
    expect(harness.live.stats().channels).toBe(3);
    await harness.report({ key: 'k' });
    await vi.waitFor(() => {
      expect([...socket.of('1'), ...socket.of('2'), ...other.of('1')]).toHaveLength(3);
    });
    expect(other.of('2')).toEqual([]);
  });

  test('with a relative time share a channel only where it is the same moment', async () => {
    const socket = await connect();
    const recent = 'subscription { events(filter: { time: { gte: "now-1h" } }) { id } }';
    socket.subscribe('1', recent);
    await subscriptions(1);
    await pause(2);
    socket.subscribe('2', recent);
    await subscriptions(2);
    expect(harness.live.stats().channels).toBe(2);
  });

  test('of batches: events together, each with its index, and variables in the selection', async () => {
    const socket = await connect();
    const query = `subscription ($with: Boolean!) {
      eventBatches(maxSize: 3, maxWait: "20ms") { index events { index message @include(if: $with) } }
    }`;
    socket.subscribe('1', query, { with: true });
    socket.subscribe('2', query, { with: false });
    await subscriptions(2);
    const appended = await harness.report(...'abcd'.split('').map((message) => ({ message })));
    await vi.waitFor(() => expect(socket.events('1')).toHaveLength(4));
    expect(socket.of('1', 'next')).toHaveLength(2);
    expect(socket.events('1')).toEqual(
      appended.map(({ index }, n) => ({ index, message: 'abcd'[n] })),
    );
    await vi.waitFor(() => {
      expect(socket.events('2')).toEqual(appended.map(({ index }) => ({ index })));
    });
  });

  test('resume exactly after an index', async () => {
    const appended = await harness.report({ message: 'a' }, { message: 'b' }, { message: 'c' });
    const socket = await connect();
    const query = 'subscription ($at: SafeInt) { events(afterIndex: $at) { index message } }';
    socket.subscribe('1', query, { at: appended[0]?.index });
    await vi.waitFor(() => expect(socket.events('1')).toHaveLength(2));
    await harness.report({ message: 'd' });
    await vi.waitFor(() => expect(socket.events('1')).toHaveLength(3));
    expect(socket.events('1').map(({ message }) => message)).toEqual(['b', 'c', 'd']);
    // Those who resumed elsewhere are now sent the same.
    socket.subscribe('2', query, { at: appended[2]?.index });
    await vi.waitFor(() => expect(socket.events('2')).toHaveLength(1));
    await subscriptions(2);
    expect(harness.live.stats().channels).toBe(1);
  });

  test('stop when the client has enough', async () => {
    const socket = await connect();
    socket.subscribe('1', all);
    await subscriptions(1);
    socket.say({ id: '1', type: 'complete' });
    await subscriptions(0);
    expect(harness.live.stats().channels).toBe(0);
    await harness.report({});
    // The id may be used again.
    socket.subscribe('1', all);
    await subscriptions(1);
    await harness.report({});
    await vi.waitFor(() => expect(socket.of('1')).toHaveLength(1));
  });
});

describe('refusals', () => {
  test.each([
    ['a string that is not a document', 'subscription {', /Syntax Error/],
    ['an unknown field', 'subscription { events { nothing } }', /Cannot query field/],
    ['two fields', 'subscription { events { id } eventBatches { index } }', /only one/],
    ['a filter that cannot be', 'subscription { events(filter: { ids: ["x"] }) { id } }', /UUID/],
    ['a negative index', 'subscription { events(afterIndex: -1) { id } }', /negative/],
    ['too large batches', 'subscription { eventBatches(maxSize: 1001) { index } }', /1000/],
    [
      'a missing variable',
      'subscription ($k: String!) { events { trait(name: $k) { name } } }',
      /k/,
    ],
  ])('%s', async (_, query, message) => {
    const socket = await connect();
    socket.subscribe('1', query);
    await vi.waitFor(() => expect(socket.of('1', 'error')).toHaveLength(1));
    const [error] = (socket.of('1')[0]?.payload ?? []) as { message: string; extensions: object }[];
    expect(error?.message).toMatch(message);
    expect(error?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(error?.extensions).not.toHaveProperty('http');
    expect(socket.closed).toBeNull();
  });

  test('an index that the journal has not got to', async () => {
    const socket = await connect();
    const lastIndex = await harness.journal.lastIndex();
    socket.subscribe('1', `subscription { events(afterIndex: ${lastIndex + 1}) { id } }`);
    await vi.waitFor(() => expect(socket.of('1', 'error')).toHaveLength(1));
    expect(socket.of('1')[0]?.payload).toMatchObject([
      { extensions: { code: 'INDEX_AHEAD', lastIndex } },
    ]);
  });

  test('more operations than a connection may have', async () => {
    const socket = await connect();
    for (const id of ['1', '2', '3', '4']) socket.subscribe(id, all);
    await vi.waitFor(() => expect(socket.of('4', 'error')).toHaveLength(1));
    expect(socket.of('4')[0]?.payload).toMatchObject([{ extensions: { code: 'TOO_MANY' } }]);
    await subscriptions(3);
  });

  test('connections beyond the limit are closed with 1013, so that clients try again later', async () => {
    for (let n = 0; n < 40; n++) await connect();
    const late = await RawSocket.connect(harness.socketUrl);
    await vi.waitFor(() => expect(late.closed?.code).toBe(1013));
    expect(late.closed?.reason).toBe('Too many connections: at most 40.');
  });

  test.each([
    ['what is no message', 'nonsense', 4400],
    ['another initialisation', { type: 'connection_init' }, 4429],
  ])('%s', async (_, message, code) => {
    const socket = await connect();
    socket.say(message);
    await vi.waitFor(() => expect(socket.closed?.code).toBe(code));
  });

  test('an operation before the connection is acknowledged, or under an id that is in use', async () => {
    const socket = await RawSocket.connect(harness.socketUrl);
    socket.subscribe('1', all);
    await vi.waitFor(() => expect(socket.closed?.code).toBe(4401));
    const other = await connect();
    other.subscribe('1', all);
    other.subscribe('1', all);
    await vi.waitFor(() => expect(other.closed?.code).toBe(4409));
  });

  test('another protocol', async () => {
    const socket = new WebSocket(harness.socketUrl, 'graphql-ws');
    const opened = once(socket, 'open');
    await expect(opened).rejects.toThrow('Server sent no subprotocol');
  });
});

describe('queries and mutations over WebSocket', () => {
  test('are answered as they are over HTTP', async () => {
    const socket = await connect();
    socket.subscribe(
      '1',
      'mutation { reportEvent(event: { message: "m" }) { ... on ReportedEvent { status } } }',
    );
    await vi.waitFor(() => expect(socket.of('1', 'complete')).toHaveLength(1));
    expect(socket.of('1', 'next')[0]?.payload).toEqual({
      data: { reportEvent: { status: 'STORED' } },
    });
    socket.subscribe('2', 'query ($n: Int) { events(first: $n) { nodes { message } } }', { n: 1 });
    await vi.waitFor(() => expect(socket.of('2', 'next')).toHaveLength(1));
    socket.subscribe('3', 'query ($n: Int) { events(first: $n) { nodes { message } } }', {
      n: 'x',
    });
    await vi.waitFor(() => expect(socket.of('3', 'next')).toHaveLength(1));
    const { errors = [] } = (socket.of('3', 'next')[0]?.payload ?? {}) as { errors?: object[] };
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(JSON.stringify(errors)).not.toContain('http');
  });
});

describe("graphql-ws's own client", () => {
  test('follows across a restart of the gateway', async () => {
    const harnesses = await openHarnesses();
    let gateway = await harnesses.open();
    const client = createClient({
      url: gateway.socketUrl,
      webSocketImpl: WebSocket,
      retryAttempts: Number.POSITIVE_INFINITY,
      retryWait: () => pause(50),
      // In Node a refused connection is an error before it is a closing.
      shouldRetry: () => true,
    });
    const got: string[] = [];
    const codes: number[] = [];
    client.on('closed', (event) => codes.push((event as { code: number }).code));
    const following = new Promise<void>((resolve, reject) => {
      client.subscribe<{ events: { message: string } }>(
        { query: all },
        {
          next: ({ data }) => got.push(data?.events.message ?? ''),
          error: reject,
          complete: resolve,
        },
      );
    });
    const subscribed = () => vi.waitFor(() => expect(gateway.live.stats().subscriptions).toBe(1));
    await subscribed();
    await gateway.report({ message: 'before' });
    await vi.waitFor(() => expect(got).toEqual(['before']));
    await gateway[Symbol.asyncDispose]();
    gateway = await harnesses.open();
    await subscribed();
    await gateway.report({ message: 'after' });
    await vi.waitFor(() => expect(got).toEqual(['before', 'after']));
    expect(codes).toContain(1001);
    await client.dispose();
    await following;
    await gateway[Symbol.asyncDispose]();
    await harnesses[Symbol.asyncDispose]();
  });

  test('iterates', async () => {
    const client = createClient({ url: harness.socketUrl, webSocketImpl: WebSocket });
    const iterator = client.iterate({ query: all });
    const first = iterator.next();
    await subscriptions(1);
    await harness.report({ message: 'it' });
    expect((await first).value).toMatchObject({ data: { events: { message: 'it' } } });
    await iterator.return?.();
    await subscriptions(0);
    await client.dispose();
  });
});
