import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHostRules } from '../../../src/server/http/hosts.ts';
import { bootGateway, type TestGateway } from '../../harness.ts';

const asking = (host: string | undefined, origin?: string) =>
  ({ headers: { host, origin } }) as IncomingMessage;

describe('a request is meant for this gateway', () => {
  const rules = createHostRules({
    host: '0.0.0.0',
    publicUrls: ['https://tidings.example.org', 'http://gateway:4000'],
    corsOrigins: [],
  });

  test.each([
    'localhost',
    'LOCALHOST:4000',
    '127.0.0.1',
    '10.1.2.3:4000',
    '[::1]:4000',
    '[fe80::1]',
    'tidings.example.org',
    'tidings.example.org:8443',
    'gateway:4000',
    undefined,
  ])('that calls %s', (host) => {
    expect(rules.fault(asking(host))).toBeNull();
  });

  test.each([
    'evil.example.com',
    'evil.example.com:4000',
    'example.org',
    'localhost.evil.example.com',
    '127.0.0.1.evil.example.com',
    'tidings',
  ])('but not %s', (host) => {
    expect(rules.fault(asking(host))).toMatchObject({
      status: 421,
      message: expect.stringContaining('TIDINGS_PUBLIC_URL'),
    });
  });

  test.each(['[', 'x:99999', '', 'a b', 'localhost/x', 'x@127.0.0.1', 'localhost#', '[::1', '%00'])(
    'and "%s" is not a host',
    (host) => {
      expect(rules.fault(asking(host))?.status).toBe(400);
    },
  );

  test('a name that the gateway listens on is known', () => {
    const named = createHostRules({ host: 'Node-1.lan', publicUrls: [], corsOrigins: [] });
    expect(named.fault(asking('node-1.lan:4000'))).toBeNull();
  });
});

describe('a page may call the gateway', () => {
  const rules = createHostRules({
    host: '127.0.0.1',
    publicUrls: ['https://tidings.example.org/path'],
    corsOrigins: ['https://console.example.org'],
  });

  test.each([
    ['127.0.0.1:4000', 'http://127.0.0.1:4000'],
    ['localhost:80', 'http://localhost'],
    ['[::1]:4000', 'http://[::1]:4000'],
    ['tidings.example.org', 'https://tidings.example.org'],
    ['127.0.0.1:4000', 'https://console.example.org'],
    ['127.0.0.1:4000', undefined],
  ])('at %s from %s', (host, origin) => {
    expect(rules.isAllowedOrigin(asking(host, origin))).toBe(true);
  });

  test.each([
    ['127.0.0.1:4000', 'https://127.0.0.1:4000'],
    ['127.0.0.1:4000', 'ftp://127.0.0.1:4000'],
    ['127.0.0.1:4000', 'http://x@127.0.0.1:4000'],
    ['127.0.0.1:4000', 'http://127.0.0.1:4001'],
    ['127.0.0.1:4000', 'http://127.0.0.1:4000/'],
    ['127.0.0.1:4000', 'http://localhost:4000'],
    ['127.0.0.1:4000', 'null'],
    ['127.0.0.1:4000', ''],
    ['127.0.0.1:4000', 'http://console.example.org'],
    ['tidings.example.org', 'https://tidings.example.org.evil.example.com'],
  ])('but not at %s from "%s"', (host, origin) => {
    expect(rules.isAllowedOrigin(asking(host, origin))).toBe(false);
  });
});

describe('a name that a foreign site has given to the address of the gateway', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await bootGateway();
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  const rebound = { host: 'evil.example.com', origin: 'http://evil.example.com' };

  /** The status and the body of the answer. */
  const ask = (path: string, headers: Record<string, string>, body?: string) =>
    new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const method = body === undefined ? 'GET' : 'POST';
      const asked = request(`${gateway.origin}${path}`, { method, headers, agent: false });
      asked.on('response', (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode, text }));
      });
      asked.on('upgrade', (_response, socket) => {
        socket.destroy();
        resolve({ status: 101, text: '' });
      });
      asked.on('error', reject).end(body);
    });

  test.each(['/graphql?query={__typename}', '/', '/metrics', '/api/v1/events', '/v1/event/stream'])(
    'does not open %s',
    async (path) => {
      const { status, text } = await ask(path, rebound);
      expect(status).toBe(421);
      expect(text).toContain('TIDINGS_PUBLIC_URL');
      expect((await ask(path, { host: rebound.host })).status).toBe(421);
    },
  );

  test('records nothing', async () => {
    const query = 'mutation { reportEvent(event: { type: "Rebound" }) { __typename } }';
    const headers = { ...rebound, 'content-type': 'application/json' };
    expect((await ask('/graphql', headers, JSON.stringify({ query }))).status).toBe(421);
    const event = JSON.stringify({ type: 'Rebound', tags: ['rebound'] });
    expect((await ask('/api/v1/events', { ...headers, accept: '*/*' }, event)).status).toBe(421);
    const { events } = await gateway.gql('{ events { totalCount } }');
    expect(events.totalCount).toBe(0);
  });

  test.each(['/graphql', '/websocket'])('opens no WebSocket at %s', async (path) => {
    const upgrade = {
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    };
    const { status, text } = await ask(path, { ...upgrade, ...rebound });
    expect(status).toBe(421);
    expect(text).toContain('TIDINGS_PUBLIC_URL');
    const { port } = new URL(gateway.origin);
    const foreign = { ...upgrade, origin: `https://127.0.0.1:${port}` };
    expect((await ask(path, foreign)).status).toBe(403);
    expect((await ask(path, { ...upgrade, origin: gateway.origin })).status).toBe(101);
  });
});
