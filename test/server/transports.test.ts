import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { bootGateway, type TestGateway } from '../harness.ts';
import { RawSocket } from './raw-socket.ts';

const error = vi.fn();
let gateway: TestGateway;
beforeAll(async () => {
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error };
  gateway = await bootGateway({ overrides: { log } });
});
afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(() => error.mockClear());

interface Asked {
  readonly query?: string;
  readonly operationName?: string | null;
  readonly extensions?: object;
}
interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly { message: string; extensions?: Record<string, unknown> }[];
}
type Transport = (asked: Asked) => Promise<Answer>;

const post = (contentType: string, accept: string, path = '/graphql') =>
  async function ask(asked: Asked): Promise<Answer> {
    const response = await fetch(`${gateway.origin}${path}`, {
      method: 'POST',
      headers: { 'content-type': contentType, accept },
      body: JSON.stringify(asked),
    });
    return answerIn(await response.text());
  };

const get = (accept: string) =>
  async function ask({ extensions, ...asked }: Asked): Promise<Answer> {
    const given = { ...asked, ...(extensions && { extensions: JSON.stringify(extensions) }) };
    const url = `${gateway.url}?${new URLSearchParams(given as Record<string, string>)}`;
    return answerIn(await (await fetch(url, { headers: { accept } })).text());
  };

/** A result as JSON, or as the first event of a stream. */
const answerIn = (text: string): Answer =>
  JSON.parse(/^data: (.+)$/m.exec(text)?.[1] ?? text) as Answer;

async function webSocket(asked: Asked): Promise<Answer> {
  const socket = await RawSocket.open(gateway.webSocketUrl);
  try {
    socket.say({ id: '1', type: 'subscribe', payload: asked });
    await vi.waitFor(() => expect(socket.of('1').length).toBeGreaterThan(0), 20_000);
    const [answer] = socket.of('1');
    return (answer?.type === 'error' ? { errors: answer.payload } : answer?.payload) as Answer;
  } finally {
    socket.close();
  }
}

const json = 'application/json';
const stream = 'text/event-stream';
const transports: readonly (readonly [string, Transport])[] = [
  ['POST', post(json, json)],
  ['POST of an unusual content type', post(`${json}; profile=none`, json)],
  ['POST as a stream', post(json, stream)],
  ['GET', get(json)],
  ['GET as a stream', get(stream)],
  ['WebSocket', webSocket],
];

describe.each(transports)('by %s', (_name, ask) => {
  const two = 'query A { a: __typename } query B { b: __typename }';

  test.each([
    ['an unknown operationName', { query: two, operationName: 'C' }, '"C"'],
    ['no operationName for two operations', { query: two }, 'operationName'],
    [
      'an empty operationName for two operations',
      { query: two, operationName: '' },
      'operationName',
    ],
    ['a document without operations', { query: 'fragment F on Query { __typename }' }, ''],
  ])('%s is the fault of the request', async (_what, asked, named) => {
    const { errors } = await ask(asked);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(errors?.[0]?.message).toContain(named);
    expect(error).not.toHaveBeenCalled();
  });

  test('an operationName chooses, and an empty one is the same as none', async () => {
    expect(await ask({ query: two, operationName: 'B' })).toEqual({ data: { b: 'Query' } });
    const one = 'query A { a: __typename }';
    expect(await ask({ query: one, operationName: '' })).toEqual({ data: { a: 'Query' } });
  });

  test('a persisted query without a document is answered so that the client sends the document', async () => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: 'ab' } };
    expect(await ask({ extensions })).toEqual({
      errors: [
        {
          message: 'PersistedQueryNotSupported',
          extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' },
        },
      ],
    });
    const whole = { query: '{ __typename }', extensions };
    expect(await ask(whole)).toEqual({ data: { __typename: 'Query' } });
    expect(error).not.toHaveBeenCalled();
  });
});

test.each([
  '{"type":"next","id":"1","payload":{}}',
  '{"type":"error","id":"1","payload":[]}',
  '{"type":"connection_ack"}',
  '{"type":"constructor"}',
  '{"type":"subscribe","id":"1"}',
  '{"type":"subscribe","id":"1","payload":{"extensions":{"persistedQuery":1},"query":7}}',
  'null',
  '[]',
  '{',
  '',
])('a WebSocket that says %s is closed with 4400, and nothing is logged', async (text) => {
  const socket = await RawSocket.open(gateway.webSocketUrl);
  socket.say(text);
  await vi.waitFor(() => expect(socket.closed?.code).toBe(4400), 20_000);
  expect(socket.closed?.reason).toBe('Invalid message received');
  expect(error).not.toHaveBeenCalled();
});

describe("by SkyWalking's query address", () => {
  const ask = post(json, json, '/skywalking/graphql');

  test('the operationName has the same rule', async () => {
    const two = 'query A { a: version } query B { b: version }';
    for (const operationName of ['C', '', undefined]) {
      const { errors } = await ask({
        query: two,
        ...(operationName !== undefined && { operationName }),
      });
      expect(errors).toHaveLength(1);
    }
    const { data } = await ask({ query: 'query A { a: version }', operationName: '' });
    expect(data).toEqual({ a: expect.any(String) });
    expect(error).not.toHaveBeenCalled();
  });

  test('a persisted query without its text is not supported', async () => {
    const { errors } = await ask({ extensions: { persistedQuery: { version: 1 } } });
    expect(errors?.[0]?.extensions).toEqual({ code: 'PERSISTED_QUERY_NOT_SUPPORTED' });
  });
});
