import { CloudEvent, HTTP } from 'cloudevents';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCloudEventsHttp } from '../../../src/dialects/cloudevents/http.ts';
import type { DialectContext } from '../../../src/dialects/dialect.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { createHostRules } from '../../../src/server/http/hosts.ts';
import { HttpServer } from '../../../src/server/http/http-server.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { openGate } from '../../access/everybody.ts';
import { startGateway, type TestGateway } from '../gateway.ts';
import { ask, type Reply } from '../http-client.ts';

let gateway: TestGateway;
let address: string;

beforeAll(async () => {
  gateway = await startGateway({
    environment: { CLOUDEVENTS_ALLOWED_ORIGINS: 'Hub.example.com,other.example.com' },
  });
  address = `${gateway.url}/cloudevents`;
});
afterAll(() => gateway[Symbol.asyncDispose]());

const structured = { 'Content-Type': 'application/cloudevents+json' };
const batched = { 'Content-Type': 'application/cloudevents-batch+json' };
const minimal = { specversion: '1.0', id: 'a', source: '/s', type: 'Test.Http' };

const post = (body: unknown, headers: Record<string, string>, query = ''): Promise<Reply> =>
  ask(`${address}${query}`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

async function stored(filterKey: string) {
  const { events } = await gateway.gql(
    `{ events(filter: { keys: ["${filterKey}"] }) { nodes {
      id type key time dialect namespace severity value raw source { service } traits { name type value }
    } } }`,
  );
  return events.nodes;
}

describe('what the SDK sends', () => {
  const sent = new CloudEvent({
    id: 'sdk',
    source: 'https://example.com/orders',
    type: 'com.example.order.placed',
    subject: 'order-7',
    time: '2026-11-20T08:15:30.123Z',
    datacontenttype: 'application/json',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    data: { total: 12.5, lines: ['a', 'b'] },
  });

  test.each(['binary', 'structured'] as const)('in %s mode is recorded', async (mode) => {
    const event = sent.cloneWith({ id: `sdk-${mode}` });
    const { headers, body } = HTTP[mode](event);
    const reply = await post(body, headers as Record<string, string>, '?wait=stored');
    expect(reply).toMatchObject({ status: 204, body: '' });
    expect(await stored(`sdk-${mode}`)).toEqual([
      {
        id: expect.any(String),
        type: 'com.example.order.placed',
        key: 'order-7',
        time: '2026-11-20T08:15:30.123Z',
        dialect: 'CLOUDEVENTS',
        namespace: 'default',
        severity: 'NORMAL',
        value: event.data,
        raw: event.toJSON(),
        source: { service: 'https://example.com/orders' },
        traits: expect.arrayContaining([
          { name: 'traceparent', type: 'TEXT', value: event.traceparent },
        ]),
      },
    ]);
  });

  test('as a batch is recorded, with a result for each event', async () => {
    const events = ['b1', 'b2'].map((id) => sent.cloneWith({ id }));
    const reply = await post(events, batched, '?wait=stored&namespace=shop');
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.body)).toEqual({
      results: events.map(({ id, source }) => ({
        id,
        source,
        status: 'STORED',
        index: expect.any(Number),
        eventId: expect.stringMatching(/^[\da-f-]{36}$/),
      })),
    });
    expect(await stored('b2')).toMatchObject([{ namespace: 'shop', value: events[1]?.data }]);
  });

  test('with bytes as data keeps them', async () => {
    const event = new CloudEvent({
      ...minimal,
      id: 'bytes',
      datacontenttype: 'application/octet-stream',
      data: new Uint8Array([0, 1, 255]),
    });
    const { headers, body } = HTTP.structured(event);
    await post(body, headers as Record<string, string>, '?wait=stored');
    expect(await stored('bytes')).toMatchObject([{ value: { base64: 'AAH/' } }]);
  });
});

test('header values are percent-decoded', async () => {
  const headers = {
    'ce-specversion': '1.0',
    'ce-id': 'euro',
    'ce-source': '/s',
    'ce-type': 'Test.Http',
    'ce-subject': 'Euro%20%E2%82%AC%20%F0%9F%98%80',
    'Content-Type': 'text/plain',
  };
  expect(await post('Euro € 😀', headers)).toMatchObject({ status: 202, body: '' });
  await expect.poll(() => stored('euro')).toMatchObject([{ key: 'Euro € 😀', value: 'Euro € 😀' }]);
});

test('an event that comes again is recorded once, and every digit of its data is kept', async () => {
  const body = `{"specversion":"1.0","id":"again","source":"/s","type":"t","time":"2026-11-20T08:15:30Z","data":{"n":123456789012345678901}}`;
  expect((await post(body, structured, '?wait=stored')).status).toBe(204);
  expect((await post(body, structured)).status).toBe(202);
  const [result] = JSON.parse((await post(`[${body}]`, batched)).body).results;
  expect(result.status).toBe('DUPLICATE');
  const { body: answer } = await ask(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ query: '{ events(filter: { keys: ["again"] }) { nodes { value } } }' }),
  });
  expect(answer).toContain('[{"value":{"n":123456789012345678901}}]');
});

describe('a batch', () => {
  test('records the good events, and says what is wrong with the others', async () => {
    const long = { ...minimal, id: 'long', subject: 'x'.repeat(1025) };
    const reply = await post([{ ...minimal, id: 'good' }, { id: 5 }, 'x', long], batched);
    expect(reply.status).toBe(200);
    const { results } = JSON.parse(reply.body);
    expect(results).toEqual([
      expect.objectContaining({ id: 'good', status: 'ACCEPTED' }),
      {
        id: 5,
        status: 'REJECTED',
        errors: [{ code: 'INVALID', message: 'The attribute source is missing.' }],
      },
      {
        status: 'REJECTED',
        errors: [{ code: 'INVALID', message: 'An event must be a JSON object.' }],
      },
      expect.objectContaining({
        id: 'long',
        errors: [
          {
            attribute: 'subject',
            code: 'TOO_LONG',
            message: 'It has 1025 characters: give 1024 at most.',
          },
        ],
      }),
    ]);
  });

  test('of nothing is fine, and one of nothing but mistakes is a mistake', async () => {
    expect(await post([], batched)).toMatchObject({ status: 200, body: '{"results":[]}' });
    expect(await post([{}], batched)).toMatchObject({ status: 400 });
  });
});

describe('bad input', () => {
  const far = '2999-01-01T00:00:00Z';
  test.each<[string, number, RegExp, unknown, Record<string, string>, string?]>([
    ['no event', 415, /send the headers ce-id/, '{}', { 'Content-Type': 'application/json' }],
    ['no type of content', 415, /send the headers ce-id/, '', {}],
    ['one header alone', 400, /attribute source is missing/, '', { 'ce-id': 'a' }],
    [
      'another format',
      415,
      /\+avro is not supported/,
      '',
      { 'Content-Type': 'application/cloudevents+avro' },
    ],
    [
      'a body that is not gzip',
      400,
      /not in the format of gzip/,
      'a',
      { ...structured, 'Content-Encoding': 'gzip' },
    ],
    ['no JSON', 400, /not JSON/, '{', structured],
    ['a batch as one event', 400, /must be a JSON object/, [minimal], structured],
    ['one event as a batch', 400, /must be a JSON array/, minimal, batched],
    ['too large a batch', 413, /send 500 at most/, Array(501).fill(minimal), batched],
    ['too long a body', 413, /longer than/, 'x'.repeat(17 * 2 ** 20), structured],
    [
      'a time ahead',
      400,
      /^\{"error":"time: It lies more than/,
      { ...minimal, time: far },
      structured,
    ],
    [
      'NUL in data',
      400,
      /data: It holds the character U\+0000/,
      { ...minimal, data: '\0' },
      structured,
    ],
    ['deep data', 400, /nested more than 500/, `{"data":${'['.repeat(10_000)}`, structured],
    ['another wait', 400, /wait must be/, minimal, structured, '?wait=long'],
    ['a stray parameter', 400, /no parameter waits/, minimal, structured, '?waits=stored'],
    ['a NUL in a parameter', 400, /namespace: /, minimal, structured, '?namespace=%00'],
    ['ce-datacontenttype', 400, /Content-Type replaces/, '', { 'ce-datacontenttype': 'a/b' }],
  ])('%s is answered %d', async (_, status, message, body, headers, query) => {
    const reply = await post(body, headers, query);
    expect(reply.body).toMatch(message);
    expect(reply.status).toBe(status);
    expect(JSON.parse(reply.body).error).toEqual(expect.any(String));
  });

  test('another method is answered 405', async () => {
    const reply = await ask(address, { method: 'PUT' });
    expect(reply).toMatchObject({ status: 405, headers: { allow: 'POST, OPTIONS' } });
    expect(await ask(`${address}/stream`, { method: 'POST' })).toMatchObject({
      status: 405,
      headers: { allow: 'GET' },
    });
    expect(await ask(`${address}/x`)).toMatchObject({ status: 404 });
  });
});

describe('the handshake', () => {
  const options = (headers: Record<string, string>) => ask(address, { method: 'OPTIONS', headers });

  test('consents to a sender that is listed, in any letter case', async () => {
    const reply = await options({
      'WebHook-Request-Origin': 'hub.example.com',
      'WebHook-Request-Rate': '120',
    });
    expect(reply).toMatchObject({
      status: 200,
      headers: {
        allow: 'POST, OPTIONS',
        'webhook-allowed-origin': 'hub.example.com',
        'webhook-allowed-rate': '*',
      },
    });
  });

  test.each([{ 'WebHook-Request-Origin': 'stranger.example.com' }, {}])(
    'does not consent to %j',
    async (headers) => {
      const reply = await options(headers);
      expect(reply.headers).toMatchObject({ allow: 'POST, OPTIONS' });
      expect(Object.keys(reply.headers).filter((name) => name.startsWith('webhook'))).toEqual([]);
    },
  );
});

describe('while the journal is down', () => {
  async function serve(report: DialectContext['intake']['report']) {
    const context = { ...gateway.context, intake: { report } };
    const dialect = createCloudEventsHttp(context, {
      allowedOrigins: [],
      maxBodyBytes: 2 ** 20,
      maxBatch: 10,
    });
    const server = new HttpServer({
      host: '127.0.0.1',
      port: 0,
      maxConnections: 10,
      hosts: createHostRules({ host: '127.0.0.1', publicUrls: [], corsOrigins: [] }),
      routes: {},
      upgrades: {},
      dialects: openGate([dialect], context),
      log: createLog('error'),
    });
    return { server, url: `${await server.listen()}/cloudevents` };
  }
  const sent = (url: string, body: unknown, headers: Record<string, string>) =>
    ask(url, { method: 'POST', headers, body: JSON.stringify(body) });

  test('an event is to be sent again', async () => {
    const { server, url } = await serve(() => Promise.reject(new Unavailable('NATS is down.')));
    await using _ = server;
    expect(await sent(url, minimal, structured)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: '{"error":"NATS is down."}',
    });
  });

  test('a batch of which a part was not recorded is to be sent again', async () => {
    const { intake } = gateway.context;
    const { server, url } = await serve(async (drafts, wait) => [
      ...(await intake.report(drafts.slice(0, 1), wait)),
      { status: 'REJECTED', errors: [{ path: [], code: 'UNAVAILABLE', message: 'Later.' }] },
    ]);
    await using _ = server;
    const reply = await sent(url, [minimal, { ...minimal, id: 'b' }], batched);
    expect(reply).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(JSON.parse(reply.body).results).toMatchObject([
      { status: 'ACCEPTED' },
      { status: 'REJECTED', errors: [{ code: 'UNAVAILABLE' }] },
    ]);
  });
});
