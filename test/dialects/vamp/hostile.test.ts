import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startGateway, type TestGateway } from '../gateway.ts';
import { ask } from '../http-client.ts';
import { LogLines } from '../log-lines.ts';
import { json, report, yaml } from './client.ts';

const log = new LogLines();
let gateway: TestGateway;
let api: string;

beforeAll(async () => {
  gateway = await startGateway({ overrides: { log: log.log } });
  api = `${gateway.url}/api/v1`;
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => expect(log.errors).toEqual([]));

interface Rejection {
  readonly status: number | 'ERROR';
  readonly message: string;
}

/** How a body is rejected over HTTP. */
async function rejected(url: string, options: Parameters<typeof ask>[1]): Promise<Rejection> {
  const { status, body } = await ask(url, options);
  return { status, message: JSON.parse(body).message };
}

/** How the socket answers one message. */
async function answered(message: string): Promise<Rejection> {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/websocket`);
  await once(socket, 'open');
  socket.send(message);
  const [text] = await once(socket, 'message');
  socket.terminate();
  const { status, error, data } = JSON.parse(String(text));
  return { status, message: error ?? JSON.parse(data).message };
}

const request = (members: object): string =>
  JSON.stringify({
    api: 'v1',
    accept: 'JSON',
    content: 'JSON',
    transaction: '1',
    parameters: {},
    ...members,
  });

/** Every way in which a body of Vamp's arrives. */
const waysIn: readonly [string, (body: string) => Promise<Rejection>][] = [
  ['POST of JSON', (body) => rejected(`${api}/events`, { method: 'POST', headers: json, body })],
  ['POST of YAML', (body) => rejected(`${api}/events`, { method: 'POST', headers: yaml, body })],
  ['a query', (body) => rejected(`${api}/events`, { headers: json, body })],
  ['the query of a stream', (body) => rejected(`${api}/events/stream`, { headers: json, body })],
  ['a message', answered],
  [
    'an event in a message',
    (body) => answered(request({ path: '/events', action: 'PUT', data: body })),
  ],
  [
    'a query in a message',
    (body) => answered(request({ path: '/events', action: 'PEEK', data: body })),
  ],
  [
    'the query of a stream in a message',
    (body) => answered(request({ path: '/events/stream', action: 'PEEK', data: body })),
  ],
];

const bodies: readonly [string, string, RegExp][] = [
  ['a value 3,000 levels deep as JSON', nested(3_000), /500 levels/],
  ['a value 3,000 levels deep as YAML', `tags: [a]\nvalue: ${'['.repeat(3_000)}`, /500 levels/],
  ['lists 3,000 levels deep on one line', `${'- '.repeat(3_000)}a`, /500 levels/],
  ['20,000 anchors with aliases', aliases(20_000), /tokens|aliases/],
  ['a million plain lines', 'a:\n'.repeat(1_000_000), /1048576 bytes/],
  ['100,000 lines', 'a: 1\n'.repeat(100_000), /50000 tokens/],
  ['an anchor within itself', 'tags: [a]\nvalue: &a\n  b: *a\n', /500 levels/],
  ['a list within itself, twice', 'tags: [a]\nvalue: &a [*a, *a]\n', /500 levels/],
  ['a document within itself', '&a\ntags: [a]\nvalue: *a\n', /500 levels/],
  ['a list of objects within itself', '&a\n- *a\n', /500 levels/],
  ['merged with itself', 'tags: [a]\nvalue: &a\n  <<: *a\n', /YAML|500 levels|alias/],
  ['aliases nested in aliases', nestedAliases(60), /500 levels/],
  ['a long list that aliases repeat', repeated(90, 1_000), /50000 values/],
  ['an alias without an anchor', 'a: *b', /alias has no anchor/],
  ['text that is not YAML', 'a: [1', /^Error: the body is not YAML at line 1, column 6\.$/],
];

function nested(levels: number): string {
  return `{"tags":["a"],"value":${'['.repeat(levels)}${']'.repeat(levels)}}`;
}

/** Each anchor is 200 levels deep, around the one before. */
function nestedAliases(count: number): string {
  const [open, close] = ['['.repeat(200), ']'.repeat(200)];
  const anchors = Array.from({ length: count }, (_, at) =>
    at === 0 ? `a0: &a0 ${open}${close}\n` : `a${at}: &a${at} ${open}*a${at - 1}${close}\n`,
  );
  return `tags: [a]\nvalue:\n  ${anchors.join('  ')}`;
}

function repeated(times: number, length: number): string {
  const list = `a: &a [${'x, '.repeat(length)}x]`;
  return `tags: [a]\nvalue: { ${list}, b: [${'*a, '.repeat(times - 1)}*a] }\n`;
}

function aliases(count: number): string {
  return Array.from({ length: count }, (_, at) => `a${at}: &a${at} x\nb${at}: *a${at}\n`).join('');
}

describe.each(waysIn)('%s', (_name, send) => {
  test.each(bodies)('with %s is rejected', async (_body, text, reason) => {
    const { status, message } = await send(text);
    expect([400, 'ERROR']).toContain(status);
    expect(message).toMatch(reason);
    expect(message).toMatch(/^Error: [^/]*\.$/);
  });

  test('with a long unknown member is answered briefly', async () => {
    const { message } = await send(`{"${'x'.repeat(100_000)}":1,"tags":["a"]}`);
    expect(message.length).toBeLessThan(1_100);
  });
});

describe.each([
  ['NUL', '\0', 400],
  ['half of a surrogate pair', '\ud800', 200],
])('%s', (_name, character, status) => {
  const text = `a${character}b`;
  const inBody = (body: object) =>
    ask(`${api}/events`, { headers: json, body: JSON.stringify(body) });

  test.each([
    ['a tag', { tags: [text] }],
    ['a type', { tags: [], type: text }],
    [
      'the field of an aggregator',
      { tags: [], aggregator: { type: 'sum', field: `value.${text}` } },
    ],
    ['a field of a type', { tags: [], aggregator: { type: 'sum', field: text } }],
    [
      'a type with an aggregator',
      { tags: [], type: text, aggregator: { type: 'max', field: text } },
    ],
  ])('in %s of a query', async (_where, body) => {
    expect(await inBody(body)).toMatchObject({ status });
    const message = request({ path: '/events', action: 'PEEK', data: JSON.stringify(body) });
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/websocket`);
    await once(socket, 'open');
    socket.send(message);
    const [answer] = await once(socket, 'message');
    socket.terminate();
    expect(JSON.parse(String(answer)).status).toBe(status === 200 ? 'OK' : 'ERROR');
  });

  test('in a tag of a reported event', async () => {
    const body = JSON.stringify({ tags: [text], value: { [text]: text } });
    const reply = await ask(`${api}/events`, { method: 'POST', headers: json, body });
    expect(reply.status).toBe(status === 200 ? 201 : 400);
  });
});

/** A URL has no way to hold half of a surrogate pair. */
describe('NUL in a URL', () => {
  const encoded = encodeURIComponent('a\0b');

  test.each([
    ['a namespace', `/${encoded}/api/v1/events`],
    ['the namespace of a stream', `/${encoded}/api/v1/events/stream`],
    ['the namespace of the statistics', `/${encoded}/api/v1/stats`],
    ['a tag', `/api/v1/events?tag=${encoded}`],
    ['a type', `/api/v1/events?type=${encoded}`],
    ['a tag of a stream', `/api/v1/events/stream?tag=${encoded}`],
    ['the path of a gateway', `/api/v1/health/gateways/${encoded}`],
    ['the path of a metric', `/api/v1/metrics/gateways/${encoded}/${encoded}`],
  ])('in %s', async (_where, path) => {
    expect(await ask(`${gateway.url}${path}`, { headers: json })).toMatchObject({ status: 400 });
  });
});

describe('lists and strings have a limited length', () => {
  const many = (count: number) => Array.from({ length: count }, (_, at) => `t${at}`);

  test.each([
    ['tags of a query', { tags: many(1_001) }, 'A query has at most 1000 tags, got 1001.'],
    [
      'a tag',
      { tags: ['x'.repeat(1_025)] },
      'A tag has 1025 characters: at most 1024 are allowed.',
    ],
    [
      'a type',
      { tags: [], type: 'x'.repeat(1_025) },
      'The type has 1025 characters: at most 1024 are allowed.',
    ],
    [
      'a field',
      { tags: [], aggregator: { type: 'sum', field: 'x.'.repeat(513) } },
      'The field has 1026 characters: at most 1024 are allowed.',
    ],
    [
      'an object for a time',
      { tags: [], timestamp: { lt: { a: 1 } } },
      /^"\{\\"a\\":1\}" is not a time: /,
    ],
    [
      'a list for a time',
      { tags: [], timestamp: { gte: [1, 'b'] } },
      /^"\[1,\\"b\\"\]" is not a time: /,
    ],
    [
      'date math',
      { tags: [], timestamp: { gt: `now${'+1d'.repeat(5_000_000)}` } },
      /has 15000003 characters: a time has 256 at most\.$/,
    ],
  ])('%s', async (_name, body, message) => {
    const reply = await rejected(`${api}/events`, { headers: json, body: JSON.stringify(body) });
    expect(reply).toEqual({
      status: 400,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
  });

  test('a field of many names', async () => {
    const body = JSON.stringify({ tags: [], aggregator: { type: 'sum', field: 'x.'.repeat(500) } });
    expect(await ask(`${api}/events`, { headers: json, body })).toMatchObject({ status: 200 });
  });

  test('tags of an event', async () => {
    const body = JSON.stringify({ tags: many(10_001) });
    expect(await rejected(`${api}/events`, { method: 'POST', headers: json, body })).toEqual({
      status: 400,
      message: 'An event has at most 10000 tags, got 10001.',
    });
  });

  test('requests of a message', async () => {
    const message = `[${many(101)
      .map(() => '{}')
      .join()}]`;
    expect(await answered(message)).toEqual({
      status: 'ERROR',
      message: 'A message has at most 100 requests, got 101.',
    });
  });
});

describe('an integer beyond 2^53 keeps its digits', () => {
  const id = '750727362669608961';

  test.each([
    ['JSON', json, `{"tags":["big"],"value":{"list":[-${id},1.5,7],"creatorID":${id}}}`],
    ['YAML', yaml, `tags: [big]\nvalue:\n  list: [-${id}, 1.5, 7]\n  creatorID: ${id}\n`],
  ])('reported as %s', async (form, headers, body) => {
    const space = `${gateway.url}/big-${form}`;
    const value = `{"list":[-${id},1.5,7],"creatorID":${id}}`;
    const reply = await ask(`${space}/api/v1/events`, { method: 'POST', headers, body });
    expect(reply.status).toBe(201);
    expect(reply.body).toContain(`"value":{"list":[-${id},1.5,7],"creator_id":${id}}`);
    const listed = await ask(`${space}/api/v1/events`, { headers: json });
    expect(JSON.parse(listed.body)[0].value).toBe(value);
    const graphql = await ask(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: json,
      body: `{"query":"{ events(filter: { namespaces: [\\"big-${form}\\"] }) { nodes { value raw } } }"}`,
    });
    expect(graphql.body).toContain(`"value":${value}`);
    expect(graphql.body).toContain(`"raw":{"tags":["big"],"value":${value}}`);
  });

  test.each(['1'.repeat(1_001), `0x${'f'.repeat(1_000)}`, `1${':10'.repeat(300_000)}`])(
    'one of too many digits is a string: %.10s…',
    async (digits) => {
      const body = `tags: [huge]\ntype: "5"\nvalue: ${digits}`;
      const { status } = await ask(`${api}/events`, { method: 'POST', headers: yaml, body });
      expect(status).toBe(digits.length > 100_000 ? 400 : 201);
    },
  );
});

test.each(['/api/v1/events', '/api/v1/events/stream', '/api/v1/stats'])(
  'a client that breaks off its POST to %s is not an error of the gateway',
  async (path) => {
    const { port, hostname } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nContent-Type: application/json\r\n`;
    socket.end(`${head}Content-Length: 100\r\n\r\n{"tags":`);
    socket.resume();
    await once(socket, 'close');
    await report(api, { tags: ['after'] });
  },
);
