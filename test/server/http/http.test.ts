import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootGateway, type TestGateway } from '../../harness.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await bootGateway({
    environment: {
      TIDINGS_MAX_BODY_BYTES: '64KiB',
      TIDINGS_CORS_ORIGINS: 'https://console.example.org',
    },
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const json = { 'content-type': 'application/json' };

const post = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(gateway.url, { method: 'POST', body, headers: { ...json, ...headers } });

describe('a plain POST is answered as Yoga answers every other', () => {
  /** A parameter that means nothing, and makes the request one that Yoga reads. */
  const forYoga = 'application/json; profile=none';

  const answerOf = async (response: Response) => ({
    status: response.status,
    type: response.headers.get('content-type'),
    allow: response.headers.get('allow'),
    body: await response.json(),
  });

  test.each([
    ['a query', { query: '{ __typename }' }],
    [
      'a query with variables',
      {
        query: 'query ($n: [String!]) { categories(names: $n) { name } }',
        variables: { n: ['Pool'] },
      },
    ],
    ['nulls', { query: '{ __typename }', variables: null, operationName: null, extensions: null }],
    ['what does not parse', { query: '{' }],
    ['what does not validate', { query: '{ nothing events(first: "a") { nodes { id } } }' }],
    [
      'a bad variable',
      {
        query: 'query ($f: EventFilter) { events(filter: $f) { nodes { id } } }',
        variables: { f: 1 },
      },
    ],
    ['a missing variable', { query: 'query ($id: ID!) { event(id: $id) { id } }' }],
    ['a bad argument', { query: '{ event(id: "1") { id } }' }],
    [
      'one of two operations',
      { query: 'query A { __typename } query B { journal { kind } }', operationName: 'B' },
    ],
    ['an unknown operation', { query: 'query A { __typename }', operationName: 'B' }],
    ['a subscription', { query: 'subscription { events { id } }' }],
    ['too many tokens', { query: `{ ${'a '.repeat(3000)}}` }],
  ])('%s', async (_what, body) => {
    for (const accept of ['application/json', 'application/graphql-response+json']) {
      const plain = await answerOf(await post(JSON.stringify(body), { accept }));
      const yoga = await answerOf(
        await post(JSON.stringify(body), { accept, 'content-type': forYoga }),
      );
      expect(plain).toEqual(yoga);
    }
  });

  test.each([
    ['what is not JSON', '{'],
    ['a batch', '[{"query":"{ __typename }"}]'],
    ['a string', '"{ __typename }"'],
    ['null', 'null'],
    ['no query', '{}'],
    ['an unknown member', '{"query":"{ __typename }","queries":1}'],
    ['variables of another kind', '{"query":"{ __typename }","variables":[]}'],
  ])('%s is a 400 with a sentence', async (_what, body) => {
    for (const type of [json['content-type'], forYoga]) {
      const response = await post(body, { 'content-type': type });
      expect(response.status).toBe(400);
      const { errors } = await response.json();
      expect(errors).toEqual([
        expect.objectContaining({
          message: expect.stringMatching(/\w+/),
          extensions: expect.objectContaining({ code: 'BAD_USER_INPUT' }),
        }),
      ]);
      expect(JSON.stringify(errors)).not.toContain('"http"');
    }
  });
});

describe('nothing is changed that a page of another site could ask for', () => {
  const mutation = 'mutation { reportEvent(event: { type: "Csrf" }) { __typename } }';

  test('a mutation by GET', async () => {
    const response = await fetch(`${gateway.url}?query=${encodeURIComponent(mutation)}`);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
  });

  test('a mutation by GET as a stream', async () => {
    const response = await fetch(`${gateway.url}?query=${encodeURIComponent(mutation)}`, {
      headers: { accept: 'text/event-stream' },
    });
    expect(await response.text()).toContain('Mutations are taken by POST only.');
  });

  test.each([
    ['application/x-www-form-urlencoded', `query=${encodeURIComponent(mutation)}`],
    [
      'multipart/form-data; boundary=x',
      `--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{"query":"{ __typename }"}\r\n--x--`,
    ],
    ['text/plain', JSON.stringify({ query: mutation })],
    ['application/graphql', mutation],
  ])('a POST of %s', async (type, body) => {
    expect((await post(body, { 'content-type': type })).status).toBe(415);
  });

  test('none of them was recorded', async () => {
    const { events } = await gateway.gql('{ events(filter: { types: ["Csrf"] }) { totalCount } }');
    expect(events.totalCount).toBe(0);
  });
});

describe('origins', () => {
  const body = JSON.stringify({ query: '{ __typename }' });
  const preflight = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  };

  test('of another site are rejected', async () => {
    const origin = 'https://evil.example.com';
    const response = await post(body, { origin });
    expect(response.status).toBe(403);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    const asked = await fetch(gateway.url, {
      method: 'OPTIONS',
      headers: { origin, ...preflight },
    });
    expect(asked.status).toBe(403);
    expect(asked.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('that were allowed may call', async () => {
    const origin = 'https://console.example.org';
    const response = await post(body, { origin });
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
    expect(response.headers.get('access-control-allow-credentials')).toBeNull();
    expect(response.headers.get('vary')).toContain('Origin');
    const asked = await fetch(gateway.url, {
      method: 'OPTIONS',
      headers: { origin, ...preflight },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-headers')).toBe('content-type');
  });

  test('that are the gateway itself may call', async () => {
    expect((await post(body, { origin: gateway.origin })).status).toBe(200);
  });

  test('are asked of WebSockets too', async () => {
    const upgrade = (origin: string, path: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = {
          origin,
          connection: 'upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
          'sec-websocket-protocol': 'graphql-transport-ws',
        };
        const asked = request(`${gateway.origin}${path}`, { headers });
        asked.on('response', ({ statusCode }) => resolve(statusCode));
        asked.on('upgrade', (_response, socket) => {
          socket.destroy();
          resolve(101);
        });
        asked.on('error', reject).end();
      });
    expect(await upgrade('https://evil.example.com', '/graphql')).toBe(403);
    expect(await upgrade('https://console.example.org', '/graphql')).toBe(101);
    expect(await upgrade(gateway.origin, '/nowhere')).toBe(404);
  });
});

describe('bodies', () => {
  const long = JSON.stringify({ query: `{ __typename } # ${'a'.repeat(70_000)}` });

  test('over the limit are a 413, told by their length or not', async () => {
    expect((await post(long)).status).toBe(413);
    const chunked = new ReadableStream({
      start(controller) {
        for (let at = 0; at < long.length; at += 8_192) {
          controller.enqueue(new TextEncoder().encode(long.slice(at, at + 8_192)));
        }
        controller.close();
      },
    });
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: json,
      body: chunked,
      duplex: 'half',
    } as RequestInit);
    expect(response.status).toBe(413);
  });

  test('may be in any alphabet', async () => {
    const message = 'Ünïcödé 事件 🏃';
    const query =
      'mutation ($m: String) { reportEvent(event: { type: "Text", message: $m }) { ... on ReportedEvent { id } } }';
    const { data } = await (
      await post(JSON.stringify({ query, variables: { m: message } }))
    ).json();
    const { event } = await gateway.gql(
      'query ($id: ID!) { event(id: $id) { message } }',
      data.reportEvent,
    );
    expect(event.message).toBe(message);
  });
});

describe('the bytes of a body', () => {
  const query = '{ __typename }';
  const packed = (text: string) => new Uint8Array(gzipSync(text));
  const send = (
    bytes: Uint8Array<ArrayBuffer>,
    headers: Record<string, string>,
    path = '/graphql',
  ) =>
    fetch(`${gateway.origin}${path}`, {
      method: 'POST',
      headers: { ...json, ...headers },
      body: bytes,
    });
  const gzip = { 'content-encoding': 'gzip' };

  test('may be compressed with gzip, and inflated they are under the same limit', async () => {
    const answered = await send(packed(JSON.stringify({ query })), gzip);
    expect(await answered.json()).toEqual({ data: { __typename: 'Query' } });
    const bomb = packed(JSON.stringify({ query: `${query}${' '.repeat(1_000_000)}` }));
    expect(bomb.length).toBeLessThan(2_000);
    expect((await send(bomb, gzip)).status).toBe(413);
    expect((await send(new TextEncoder().encode(JSON.stringify({ query })), gzip)).status).toBe(
      400,
    );
  });

  test.each([
    '/graphql',
    '/v1/notifications',
    '/v3/events',
    '/skywalking/graphql',
    '/api/v1/events',
  ])('in another encoding or alphabet are a 415 at %s', async (path) => {
    const plain = new TextEncoder().encode(JSON.stringify({ query }));
    expect((await send(plain, { 'content-encoding': 'br' }, path)).status).toBe(415);
    const wide = new Uint8Array(Buffer.from(JSON.stringify({ query }), 'utf16le'));
    const type = { 'content-type': 'application/json; charset=utf-16' };
    expect((await send(wide, type, path)).status).toBe(415);
  });
});

test.each(['variables', 'extensions'])('%s of a GET that are not JSON are a 400', async (name) => {
  for (const [value, accept] of [
    ['{', 'application/json'],
    ['[]', 'application/json'],
    ['{', 'text/event-stream'],
  ] as const) {
    const url = `${gateway.url}?query={__typename}&${name}=${encodeURIComponent(value)}`;
    const response = await fetch(url, { headers: { accept } });
    expect(response.status).toBe(400);
    const { errors } = await response.json();
    expect(errors).toEqual([
      { message: expect.stringContaining(name), extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  }
});

describe('what a client takes', () => {
  const query = JSON.stringify({ query: '{ __typename }' });
  const many =
    'application/graphql-response+json, application/json, text/event-stream, multipart/mixed';

  test('decides the type of the answer', async () => {
    const typeOf = async (accept: string) =>
      (await post(query, { accept })).headers.get('content-type');
    expect(await typeOf('*/*')).toBe('application/json; charset=utf-8');
    expect(await typeOf('application/json, text/plain, */*')).toBe(
      'application/json; charset=utf-8',
    );
    expect(await typeOf(many)).toBe('application/graphql-response+json; charset=utf-8');
    expect(await typeOf('text/event-stream')).toBe('text/event-stream; charset=utf-8');
  });

  test('decides whether a subscription is streamed', async () => {
    const body = JSON.stringify({ query: 'subscription { events { id } }' });
    const refused = await post(body, { accept: 'application/json' });
    expect(refused.status).toBe(406);
    const streamed = await post(body, { accept: many });
    expect(streamed.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    await streamed.body?.cancel();
  });

  test('must be something that there is', async () => {
    expect((await post(query, { accept: 'image/png' })).status).toBe(406);
    for (const accept of ['image/png', ','.repeat(2_000), 'constructor']) {
      const url = `${gateway.url}?query=${encodeURIComponent('{ journal { kind } }')}`;
      const response = await fetch(url, { headers: { accept } });
      expect(response.status).toBe(406);
      expect([...response.headers].join().length).toBeLessThan(500);
    }
  });
});

test('other methods are rejected with the allowed ones', async () => {
  const response = await fetch(gateway.url, { method: 'PUT', headers: json, body: '{}' });
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toBe('GET, POST');
});

test('HEAD is GET without the body', async () => {
  for (const path of ['/', '/healthz', '/graphql?query={__typename}']) {
    const got = await fetch(`${gateway.origin}${path}`);
    const head = await fetch(`${gateway.origin}${path}`, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
    expect(head.headers.get('content-type')).toBe(got.headers.get('content-type'));
  }
});

test('HEAD of a stream is over once its head is sent', async () => {
  const subscription = encodeURIComponent('subscription { events { id } }');
  const paths = ['/api/v1/events/stream', '/v1/event/stream', `/graphql?query=${subscription}`];
  for (const path of paths) {
    const { status } = await new Promise<{ status: number | undefined }>((resolve, reject) => {
      const asked = request(`${gateway.origin}${path}`, {
        method: 'HEAD',
        headers: { accept: 'text/event-stream' },
      });
      asked.on('error', reject).end();
      asked.on('response', (response) => {
        response.resume().on('end', () => resolve({ status: response.statusCode }));
      });
    });
    expect(status).toBe(200);
  }
  await vi.waitFor(async () => {
    const metrics = await (await fetch(`${gateway.origin}/metrics`)).text();
    expect(metrics).toMatch(/^tidings_live_subscriptions 0$/m);
  });
});
