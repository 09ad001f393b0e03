import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { parse } from 'yaml';
import { eventually } from '../eventually.ts';
import { startGateway, type TestGateway } from '../gateway.ts';
import { report } from './client.ts';

interface Message {
  readonly status: string;
  readonly transaction?: string;
  readonly data?: string;
  readonly error?: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** What vamp-ui does: every request is JSON with a transaction of its own. */
class Client implements AsyncDisposable {
  readonly received: string[] = [];
  readonly socket: WebSocket;
  closed: number | null = null;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => this.received.push(String(data)));
    socket.on('close', (code) => {
      this.closed = code;
    });
  }

  static async open(url: string): Promise<Client> {
    const socket = new WebSocket(url.replace('http', 'ws'));
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return new Client(socket);
  }

  get messages(): Message[] {
    return this.received.map((text) => JSON.parse(text));
  }

  send(message: object): void {
    const request = {
      api: 'v1',
      accept: 'JSON',
      content: 'JSON',
      transaction: '0',
      parameters: {},
    };
    this.socket.send(JSON.stringify({ ...request, ...message }));
  }

  async answer(at: number): Promise<Message> {
    await eventually(() => expect(this.received.length).toBeGreaterThan(at));
    return this.messages[at] as Message;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate();
  }
}

let gateway: TestGateway;
let unique = 0;
const space = () => `socket${++unique}`;

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** A call that is answered shows that everything sent before it was read. */
async function settled(client: Client): Promise<void> {
  const before = client.received.length;
  client.send({ path: '/stats', action: 'PEEK', transaction: 'settled' });
  await client.answer(before);
  client.received.length = before;
}

describe('PEEK on /events/stream', () => {
  test('sends each event as text within a message, byte for byte', async () => {
    const namespace = space();
    await using client = await Client.open(`${gateway.url}/${namespace}/websocket`);
    client.send({ path: '/events/stream', action: 'PEEK', transaction: '7' });
    await settled(client);
    const event = { tags: ['x'], value: 5, timestamp: '2026-01-01T12:00:00Z' };
    const { id } = await report(`${gateway.url}/${namespace}/api/v1`, event);
    await client.answer(0);
    const data = `{"id":"${id}","tags":["x"],"value":5,"timestamp":"2026-01-01T12:00:00Z","type":"event"}`;
    expect(client.received).toEqual([
      `{"api":"v1","path":"/events/stream","action":"PEEK","status":"OK","content":"JSON","transaction":"7","data":${JSON.stringify(data)},"parameters":{}}`,
    ]);
  });

  test('filters by lists in the parameters, or by a query in the data; the last one holds', async () => {
    const namespace = space();
    const api = `${gateway.url}/${namespace}/api/v1`;
    await using client = await Client.open(`${gateway.url}/websocket`);
    const parameters = { tag: ['a', 'b'], type: ['metrics'] };
    client.send({ path: `/${namespace}/events/stream`, action: 'peek', parameters });
    await settled(client);
    await report(api, { tags: ['a'], type: 'metrics' });
    await report(api, { tags: ['a', 'b'] });
    const { id } = await report(api, { tags: ['b:c', 'a'], type: 'metrics' });
    expect((await client.answer(0)).data).toContain(id);

    client.send({
      path: `${namespace}/events/stream`,
      action: 'PEEK',
      accept: 'yaml',
      transaction: '2',
      data: 'tags: only',
    });
    await settled(client);
    await report(api, { tags: ['b:c', 'a'], type: 'metrics' });
    const only = await report(api, { tags: ['only'] });
    await eventually(() => expect(client.received).toHaveLength(2));
    const message = parse(client.received[1] ?? '');
    expect(message).toMatchObject({ status: 'OK', content: 'YAML', transaction: '2' });
    expect(parse(message.data)).toMatchObject({ id: only.id, tags: ['only'] });
  });
});

describe('a call', () => {
  test('reports and finds events', async () => {
    await using client = await Client.open(`${gateway.url}/${space()}/websocket`);
    const data = '{"tags":["a:b"],"value":5}';
    client.send({ path: '/events', action: 'PUT', transaction: '1', data });
    const reported = JSON.parse((await client.answer(0)).data ?? '');
    expect(reported).toMatchObject({ tags: ['a', 'a:b'], value: 5 });
    client.send({
      path: '/events',
      action: 'PEEK',
      transaction: '2',
      parameters: { tag: ['a', 'a:b'] },
    });
    const found = await client.answer(1);
    expect(found).toMatchObject({
      status: 'OK',
      transaction: '2',
      parameters: { 'X-Total-Count': '1' },
    });
    expect(JSON.parse(found.data ?? '')).toMatchObject([{ id: reported.id }]);
  });

  test.each([
    [{ path: '/events', action: 'PUT', data: '{}' }, "Can't find any value for path: /tags"],
    [
      { path: '/events', action: 'REMOVE' },
      'HTTP method not allowed, supported methods: GET, POST',
    ],
    [{ path: '/events', action: 'PEEK', accept: 'PLAINTEXT' }, 'text/plain'],
  ])('%j is answered with an error', async (request, message) => {
    await using client = await Client.open(`${gateway.url}/websocket`);
    client.send(request);
    const { status, data } = await client.answer(0);
    expect(status).toBe('ERROR');
    expect(JSON.parse(data ?? '').message).toContain(message);
  });

  test('for what is not there has nothing to show', async () => {
    await using client = await Client.open(`${gateway.url}/websocket`);
    client.send({ path: '/ns/deployments', action: 'PEEK' });
    expect(await client.answer(0)).toMatchObject({ status: 'ERROR', path: '/ns/deployments' });
    expect(client.messages[0]).not.toHaveProperty('data');
  });
});

describe('a message that is no request', () => {
  test.each([
    ['5', "Unexpected type for path '/'."],
    ['{"api":"v1"}', "Can't find any value for path: /path"],
    ['{"api":"v2","path":"/events"}', 'Bad request. Unsupported API: v2'],
    ['{"api":"v1","path":"/events","action":"LOOK"}', 'Bad request. Unsupported action: LOOK'],
    [
      '{"api":"v1","path":"/events","action":"PEEK","accept":"JSON","content":"JSON","transaction":1}',
      "Can't find any value for path: /parameters",
    ],
  ])('%s is answered with why', async (text, error) => {
    await using client = await Client.open(`${gateway.url}/websocket`);
    client.socket.send(text);
    await client.answer(0);
    expect(client.received).toEqual([JSON.stringify({ status: 'ERROR', error })]);
  });
});

test('many calls at once are answered in order', async () => {
  await using client = await Client.open(`${gateway.url}/${space()}/websocket`);
  const transactions = Array.from({ length: 300 }, (_, at) => String(at));
  for (const transaction of transactions)
    client.send({ path: '/events', action: 'PEEK', transaction });
  await client.answer(299);
  expect(client.messages.map(({ transaction }) => transaction)).toEqual(transactions);
});

test('other paths are rejected, and clients are notified when the gateway closes', async () => {
  await using own = await startGateway();
  await expect(Client.open(`${own.url}/a/b/websocket`)).rejects.toThrow('404');
  await using client = await Client.open(`${own.url}/websocket`);
  client.send({ path: '/events/stream', action: 'PEEK' });
  await eventually(async () => expect(await own.feeds()).toBe(1));
  await own[Symbol.asyncDispose]();
  await eventually(() => expect(client.closed).toBe(1001));
});
