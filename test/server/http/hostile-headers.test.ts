import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { bootGateway, type TestGateway } from '../../harness.ts';

const error = vi.fn();
let gateway: TestGateway;
beforeAll(async () => {
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error };
  gateway = await bootGateway({ overrides: { log } });
});
afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(() => error.mockClear());

/** Longer than any answer to a bad request takes; streams go on until then. */
const streamMs = 300;

/** What the gateway answers to these bytes, until it closes the connection or has been quiet for a while. */
function exchange(bytes: string): Promise<string> {
  const { hostname, port } = new URL(gateway.origin);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let answer = '';
    const done = (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      answer += chunk;
      if (answer.includes('\r\n\r\n')) socket.setTimeout(streamMs);
    });
    socket.on('timeout', done).on('close', done).on('error', done);
    socket.write(bytes, 'latin1');
  });
}

const paths = [
  ['GET', '/'],
  ['GET', '/graphql?query={__typename}'],
  ['POST', '/graphql'],
  ['GET', '/readyz'],
  ['GET', '/metrics'],
  ['GET', '/nowhere'],
  ['GET', '/api/v1/events'],
  ['POST', '/api/v1/events'],
  ['GET', '/v1/event/stream'],
  ['POST', '/v1/notifications'],
  ['POST', '/v3/events'],
  ['POST', '/skywalking/graphql'],
] as const;

const body = '{"query":"{ __typename }"}';
const hostile: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['Host "["', { Host: '[' }],
  ['Host with a port that is none', { Host: 'x:99999' }],
  ['an empty Host', { Host: '' }],
  ['Host with a path', { Host: 'localhost/../..' }],
  ['Host with control bytes', { Host: 'local\x01host' }],
  ['Host beyond ASCII', { Host: 'ho\xffst' }],
  ['a very long Host', { Host: 'a'.repeat(8_000) }],
  ['Accept: constructor', { Accept: 'constructor' }],
  ['Accept: __proto__', { Accept: '__proto__, toString' }],
  ['Accept of commas', { Accept: ','.repeat(4_000) }],
  ['Content-Type: constructor', { 'Content-Type': 'constructor' }],
  [
    'Content-Type of an unknown charset',
    { 'Content-Type': 'application/json; charset=constructor' },
  ],
  ['Content-Type of UTF-16', { 'Content-Type': 'application/json; charset=utf-16' }],
  ['Content-Type with control bytes', { 'Content-Type': 'application/json;\x7f' }],
  ['an unknown Content-Encoding', { 'Content-Encoding': 'constructor' }],
  ['gzip that is none', { 'Content-Encoding': 'gzip' }],
  ['Content-Length that is not a number', { 'Content-Length': '-1' }],
  ['an endless Content-Length', { 'Content-Length': '99999999999999999999' }],
  ['Origin that is not a URL', { Origin: '[' }],
  ['Origin beyond ASCII', { Origin: 'http://\xe4' }],
  ['Upgrade to something else', { Connection: 'upgrade', Upgrade: 'constructor' }],
  ['a WebSocket without a key', { Connection: 'upgrade', Upgrade: 'websocket' }],
  [
    'a WebSocket with a bad key',
    {
      Connection: 'upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '99',
      'Sec-WebSocket-Key': '\x7f',
      'Sec-WebSocket-Protocol': ',,constructor',
      'Sec-WebSocket-Extensions': '=;,',
    },
  ],
  ['a cookie of signs', { Cookie: '=;=;__proto__=1' }],
  ['a very long header', { 'X-Long': 'a'.repeat(15_000) }],
  ['Last-Event-ID that is none', { 'Last-Event-ID': '__proto__', Accept: 'text/event-stream' }],
];

const requestOf = (method: string, path: string, headers: Readonly<Record<string, string>>) => {
  const given: Record<string, string> = {
    Host: new URL(gateway.origin).host,
    Connection: 'close',
    Accept: 'application/json',
    ...(method === 'POST' && {
      'Content-Type': 'application/json',
      'Content-Length': String(body.length),
    }),
    ...headers,
  };
  const lines = Object.entries(given).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${method === 'POST' ? body : ''}`;
};

/** A stack, a path of a file, or what JavaScript calls its own things. */
const leak =
  /\bat .+:\d+:\d+|node_modules|node:|\/src\/|\.[jt]s\b|TypeError|SyntaxError|native code/;

describe.each(hostile)('%s', (_what, headers) => {
  test.each(paths)('is answered without a failure by %s %s', async (method, path) => {
    const answer = await exchange(requestOf(method, path, headers));
    const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(answer) ?? [];
    // SkyWalking's own server answers 500 to what is not an event.
    if (path !== '/v3/events') expect(Number(status)).toBeLessThan(500);
    expect(Number(status)).toBeGreaterThanOrEqual(101);
    if (path !== '/metrics') expect(answer).not.toMatch(leak);
    expect(error).not.toHaveBeenCalled();
  });
});

test('a client that breaks off its body is not an error of the gateway', async () => {
  for (const [method, path] of paths) {
    if (method !== 'POST') continue;
    const { hostname, port } = new URL(gateway.origin);
    const socket = connect(Number(port), hostname);
    const headers = { 'Content-Length': '1000', Connection: 'keep-alive' };
    await new Promise<void>((written) => {
      socket.write(requestOf(method, path, headers), () => written());
    });
    socket.destroy();
  }
  await gateway.gql('{ __typename }');
  expect(error).not.toHaveBeenCalled();
});

test('every answer forbids to guess its type, and pages run no foreign script', async () => {
  for (const [, path] of paths) {
    const { headers } = await fetch(`${gateway.origin}${path}`, { method: 'OPTIONS' });
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  }
  for (const path of ['/', '/graphql']) {
    const { headers } = await fetch(`${gateway.origin}${path}`, {
      headers: { accept: 'text/html' },
    });
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(/script-src ([^;]*)/.exec(policy)?.[1] ?? '').not.toContain('unsafe');
  }
});
