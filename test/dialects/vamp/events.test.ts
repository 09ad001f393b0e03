import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { startGateway, type TestGateway } from '../gateway.ts';
import { ask } from '../http-client.ts';
import { found, json, query, report, yaml } from './client.ts';

let gateway: TestGateway;
let typed: TestGateway;
let api: string;
let unique = 0;
const space = () => `space${++unique}`;
const apiOf = (namespace: string) => `${gateway.url}/${namespace}/api/v1`;

beforeAll(async () => {
  gateway = await startGateway({
    environment: {
      TIDINGS_MAX_BODY_BYTES: '64KiB',
      TIDINGS_PUBLIC_URL: 'http://vamp.example:8080',
    },
  });
  typed = await startGateway({ environment: { TIDINGS_VAMP_VALUES: 'typed' } });
  api = `${gateway.url}/api/v1`;
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await typed[Symbol.asyncDispose]();
});

const post = (body: string, headers: Readonly<Record<string, string>> = json) =>
  ask(`${api}/events`, { method: 'POST', headers, body });

describe('POST /events', () => {
  test('answers the event as it was recorded, byte for byte', async () => {
    const { status, headers, body } = await post(
      '{"tags":["deployments:a"],"value":{"response":{"time":50}},"type":"metrics","timestamp":"2026-01-01T12:00:00.000Z"}',
    );
    expect(status).toBe(201);
    const { id } = JSON.parse(body);
    expect(body).toBe(
      `{"id":"${id}","tags":["deployments","deployments:a"],"value":{"response":{"time":50}},"timestamp":"2026-01-01T12:00:00Z","type":"metrics"}`,
    );
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      pragma: 'no-cache',
    });
  });

  test('shows a version that was given, and no value where there is none', async () => {
    const { body } = await post('{"tags":"a","version":"1.0"}');
    expect(Object.keys(JSON.parse(body))).toEqual(['id', 'version', 'tags', 'timestamp', 'type']);
  });

  test('writes keys in snake case, as Vamp does, and keeps them as they are', async () => {
    const value = { responseTime: { 'p-95Max': 1, aB: [{ cDe: 2 }] }, URLPath: 1 };
    const answered = await report(apiOf('snake'), { tags: ['x'], value });
    expect(answered.value).toEqual({
      response_time: { 'p-95Max': 1, a_b: [{ c_de: 2 }] },
      urlpath: 1,
    });
    const [kept] = await found(apiOf('snake'), { tags: ['x'] });
    expect(JSON.parse(String(kept?.value))).toEqual(value);
  });

  test('takes YAML, and answers in it where Accept begins with it', async () => {
    const { status, headers, body } = await post('tags:\n- a:b\nvalue: {time: 5}\n', {
      Accept: 'application/x-yaml, application/json',
      'Content-Type': 'application/x-yaml',
    });
    expect({ status, type: headers['content-type'] }).toEqual({
      status: 201,
      type: 'application/x-yaml',
    });
    expect(parse(body)).toMatchObject({ tags: ['a', 'a:b'], value: { time: 5 }, type: 'event' });
  });

  test.each([
    [{ 'Content-Type': 'application/json' }, "Request is missing required HTTP header 'Accept'"],
    [
      { Accept: 'text/html', 'Content-Type': 'application/json' },
      'Only the following media types are supported: application/json, application/x-yaml, but not: text/html',
    ],
    [
      { Accept: '*/*', 'Content-Type': 'text/plain' },
      'Only the following media types are supported: application/json, application/x-yaml',
    ],
    [
      { Accept: '*/*' },
      'Only the following media types are supported: application/json, application/x-yaml',
    ],
  ])('rejects the headers %j', async (headers, message) => {
    const { status, body } = await post('{"tags":["a"]}', headers as Record<string, string>);
    expect({ status, body }).toEqual({ status: 400, body: JSON.stringify({ message }) });
  });

  test.each(['*/*;q=0.8', 'text/html, */*', 'application/json', 'text/html,application/x-yaml'])(
    'takes Accept: %s',
    async (accept) => {
      expect(await post('{"tags":["a"]}', { ...json, Accept: accept })).toMatchObject({
        status: 201,
      });
    },
  );

  test('tolerates what Vamp’s client sends in Authorization', async () => {
    const { status } = await post('{"tags":["a"]}', { ...json, Authorization: 'token' });
    expect(status).toBe(201);
  });

  test('says what is outside our limits', async () => {
    const { status, body } = await post(`{"tags":["${'x'.repeat(300)}"]}`);
    expect(status).toBe(400);
    expect(JSON.parse(body).message).toMatch(/^tags\.0: /);
  });

  test('keeps what the client sent, next to the event made of it', async () => {
    const { id } = await report(api, { tags: ['raw:x'], value: 5 });
    const { event } = await gateway.gql('query ($id: ID!) { event(id: $id) { raw tags } }', { id });
    expect(event).toEqual({ raw: { tags: ['raw:x'], value: 5 }, tags: ['raw', 'raw:x'] });
  });

  test('leaves that out where the event would be too large with it', async () => {
    const value = 'x'.repeat(150 * 1024);
    const { id } = await report(`${typed.url}/api/v1`, { tags: ['large'], value });
    const { event } = await typed.gql('query ($id: ID!) { event(id: $id) { raw value } }', { id });
    expect(event).toEqual({ raw: null, value });
  });

  test('rejects a body that is too large, and the connection stays usable', async () => {
    const { status, body } = await post(`{"tags":["a"],"value":"${'x'.repeat(70_000)}"}`);
    expect({ status, body }).toMatchObject({ status: 413, body: expect.stringContaining('65536') });
    expect(await post('{"tags":["a"]}')).toMatchObject({ status: 201 });
  });

  test('answers an unreadable body with what the parser says', async () => {
    const { status, body } = await post('a: [1', yaml);
    expect(status).toBe(400);
    expect(JSON.parse(body).message).toMatch(/^Error: /);
  });

  test('answers other methods and paths', async () => {
    expect(await ask(`${api}/events`, { method: 'DELETE', headers: json })).toMatchObject({
      status: 405,
      body: '{"message":"HTTP method not allowed, supported methods: GET, POST"}',
    });
    expect(await ask(`${api}/gateways`, { headers: json })).toMatchObject({ status: 404 });
    expect(await ask(`${api}/events/`, { headers: json })).toMatchObject({ status: 200 });
  });
});

describe('namespaces', () => {
  test('are apart, the default one is that without a name, and * is all of them', async () => {
    const [one, other] = [space(), space()];
    const tag = `only-${one}`;
    const first = await report(apiOf(one), { tags: [tag] });
    const second = await report(apiOf(other), { tags: [tag] });
    const third = await report(api, { tags: [tag] });
    const idsIn = async (base: string) => (await found(base, { tags: [tag] })).map(({ id }) => id);
    expect(await idsIn(apiOf(one))).toEqual([first.id]);
    expect(await idsIn(apiOf('default'))).toEqual([third.id]);
    expect(await idsIn(api)).toEqual([third.id]);
    expect(await idsIn(apiOf('*'))).toEqual([third.id, second.id, first.id]);
    const everywhere = await ask(`${apiOf('*')}/events`, {
      method: 'POST',
      headers: json,
      body: '{"tags":["a"]}',
    });
    expect(everywhere.status).toBe(400);
  });

  test('may have any name that a path can hold', async () => {
    const base = apiOf(encodeURIComponent('über/alles'));
    const { id } = await report(base, { tags: ['x'] });
    expect(await found(base, { tags: ['x'] })).toMatchObject([{ id }]);
  });
});

describe('GET /events', () => {
  test('shows values as text or typed, as it is set', async () => {
    const values = [5, 1.5, true, { x: 1 }, [1, 2], 'text', null];
    const [textual, asTyped] = [apiOf(space()), `${typed.url}/api/v1`];
    for (const value of values) {
      await report(textual, { tags: ['x'], value });
      await report(asTyped, { tags: ['x'], value });
    }
    const valuesIn = async (base: string) =>
      (await found(base, { tags: ['x'] })).map(({ value }) => value).reverse();
    expect(await valuesIn(textual)).toEqual(['5', '1.5', 'true', '{"x":1}', '[1,2]', 'text', '']);
    expect(await valuesIn(asTyped)).toEqual([5, 1.5, true, { x: 1 }, [1, 2], 'text', undefined]);
  });

  test('keeps the offset of a timestamp', async () => {
    const base = apiOf(space());
    await report(base, { tags: ['x'], timestamp: '2026-01-01T12:00:00.250+02:00' });
    const timestamp = '2026-01-01T12:00:00.25+02:00';
    expect(await found(base, { tags: ['x'] })).toMatchObject([{ timestamp }]);
    const gte = '2026-01-01T10:00:00.250Z';
    expect(await found(base, { tags: [], timestamp: { gte, lte: gte } })).toHaveLength(1);
  });

  test('keeps parts of a microsecond', async () => {
    const base = apiOf(space());
    const timestamp = '2026-01-01T12:00:00.123456789Z';
    await report(base, { tags: ['x'], timestamp });
    expect(await found(base, { tags: ['x'] })).toMatchObject([{ timestamp }]);
  });

  test('finds the empty tag, which that of a tag with nothing before its colon is', async () => {
    const base = apiOf(space());
    const first = await report(base, { tags: [':x'] });
    const second = await report(base, { tags: ['', 'y'] });
    await report(base, { tags: ['x:'] });
    expect([first.tags, second.tags]).toEqual([
      ['', ':x'],
      ['', 'y'],
    ]);
    expect(await found(base, { tags: [''] })).toMatchObject([{ id: second.id }, { id: first.id }]);
    expect(await found(base, { tags: ['', 'y'] })).toMatchObject([{ id: second.id }]);
  });

  test('takes tags from parameters, as tag[] too, and overlooks what Vamp overlooks', async () => {
    const base = apiOf(space());
    const { id } = await report(base, { tags: ['a', 'b'] });
    await report(base, { tags: ['a'] });
    const ids = async (parameters: string) => {
      const { body } = await ask(`${base}/events?${parameters}`, { headers: json });
      return JSON.parse(body).map((event: { id: string }) => event.id);
    };
    expect(await ids('tag[]=a&tag[]=b')).toEqual([id]);
    expect(await ids('tag%5B%5D=a&tag=b')).toEqual([id]);
    expect(await ids('tags=none&timestamp=%7B%22gte%22:%22now%22%7D')).toHaveLength(2);
  });

  test('takes an exact timestamp and a query without tags', async () => {
    const base = apiOf(space());
    const timestamp = '2026-01-01T12:00:00Z';
    const { id } = await report(base, { tags: ['x'], timestamp });
    await report(base, { tags: ['x'], timestamp: '2026-01-01T12:00:01Z' });
    expect(await found(base, { timestamp })).toMatchObject([{ id }]);
  });

  test.each([
    [
      '?page=x',
      "The query parameter 'page' was malformed:\n'x' is not a valid 64-bit signed integer value",
    ],
    [
      '?per_page=',
      "The query parameter 'per_page' was malformed:\n'' is not a valid 64-bit signed integer value",
    ],
  ])('rejects %s', async (parameters, message) => {
    const { status, body } = await query(api, { tags: [] }, parameters);
    expect({ status, body }).toEqual({ status: 400, body: JSON.stringify({ message }) });
  });

  test('rejects a malformed time', async () => {
    const { status, body } = await query(api, { tags: [], timestamp: { gt: 'yesterday' } });
    expect(status).toBe(400);
    expect(JSON.parse(body).message).toContain('"yesterday"');
  });

  test('keeps all tags in its links, and its own host', async () => {
    const { headers } = await ask(`${api}/events?tag=a&tag=b&page=0&type=x`, {
      headers: { ...json, Host: '192.0.2.7:8080' },
    });
    expect(headers.link).toBe(
      ['first', 'prev']
        .map(
          (rel) =>
            `<http://192.0.2.7:8080/api/v1/events?tag=a&tag=b&page=1&type=x&per_page=30>; rel=${rel}`,
        )
        .concat(
          ['next', 'last'].map(
            (rel) =>
              `<http://192.0.2.7:8080/api/v1/events?tag=a&tag=b&page=0&type=x&per_page=30>; rel=${rel}`,
          ),
        )
        .join(', '),
    );
  });

  test('pages the way Vamp’s client does, until there is nothing', async () => {
    const base = apiOf(space());
    const ids: string[] = [];
    for (let at = 0; at < 65; at++)
      ids.unshift((await report(base, { tags: ['x'], value: at })).id);
    const paged: string[] = [];
    for (let page = 1; ; page++) {
      const { body } = await ask(`${base}/events?page=${page}&tag=x`, { headers: json });
      const events: { id: string }[] = JSON.parse(body);
      if (events.length === 0) break;
      paged.push(...events.map(({ id }) => id));
    }
    expect(paged).toEqual(ids);
  });

  test('answers a page deeper than anybody reads with an error, and one after the end with an empty list', async () => {
    const base = apiOf(space());
    const drafts = Array.from({ length: 1_000 }, () => ({
      dialect: 'VAMP' as const,
      namespace: `space${unique}`,
      tags: ['x'],
    }));
    for (let at = 0; at < 11; at++) await gateway.context.intake.report(drafts, 'STORED');
    const deep = await query(base, { tags: [] }, '?page=340');
    expect(deep).toMatchObject({ status: 400, body: expect.stringContaining('10000') });
    const behind = await query(base, { tags: [] }, '?page=400');
    expect(behind).toMatchObject({ status: 200, body: '[]' });
    expect(behind.headers['x-total-count']).toBe('11000');
    expect(await found(base, { tags: [] }, '?page=333')).toHaveLength(30);
  });

  test('is YAML where Accept begins with it', async () => {
    const base = apiOf(space());
    await report(base, { tags: ['x'], value: 'on', timestamp: '2026-01-01T12:00:00Z' });
    const { headers, body } = await ask(`${base}/events?tag=x`, {
      headers: { Accept: 'application/x-yaml' },
    });
    expect(headers['content-type']).toBe('application/x-yaml');
    expect(parse(body, { version: '1.1' })).toMatchObject([
      { tags: ['x'], value: 'on', timestamp: '2026-01-01T12:00:00Z' },
    ]);
    const sum = await ask(`${base}/events`, {
      headers: { Accept: 'application/x-yaml' },
      body: 'tags: x\naggregator: {type: count}',
    });
    expect(sum.body).toBe('value: 1\n');
  });
});

describe('aggregation', () => {
  let base: string;

  beforeAll(async () => {
    base = apiOf(space());
    for (const value of [10, 30, { response: { time: 5 } }, 'text']) {
      await report(base, { tags: ['m'], type: 'metrics', value });
    }
    await report(base, { tags: ['m'], type: 'health', value: 100 });
    await report(base, { tags: ['m'], type: 'health', value: { response: { time: 7 } } });
  });

  test.each([
    ['the value of a type', { type: 'average', field: 'metrics' }, 'metrics', '20.0'],
    ['the same without a type', { type: 'sum', field: 'metrics' }, undefined, '40.0'],
    ['a number within it', { type: 'max', field: 'metrics.response.time' }, 'metrics', '5.0'],
    ['the same without a type', { type: 'sum', field: 'health.response.time' }, undefined, '7.0'],
    ['the type in another case', { type: 'sum', field: 'Metrics' }, 'metrics', '40.0'],
    ['the value of all', { type: 'sum', field: 'value' }, undefined, '140.0'],
    ['the value without a field', { type: 'MIN' }, 'metrics', '10.0'],
    [
      'a number within all values',
      { type: 'sum', field: 'value.response.time' },
      undefined,
      '12.0',
    ],
    ['a path of no type', { type: 'max', field: 'response.time' }, 'metrics', '5.0'],
    ['another type’s field', { type: 'sum', field: 'health' }, 'metrics', '0.0'],
    ['events', { type: 'count', field: 'nothing' }, 'metrics', '4'],
  ])('of %s: %j with type %s', async (_what, aggregator, type, value) => {
    const reply = await query(base, { tags: ['m'], ...(type && { type }), aggregator });
    expect(reply).toMatchObject({ status: 200, body: `{"value":${value}}` });
  });
});

describe('numbers of the present', () => {
  const health = (path: string) => ask(`${apiOf('peek')}/${path}`, { headers: json });

  beforeAll(async () => {
    const base = apiOf('peek');
    const old = new Date(Date.now() - 300_000).toISOString();
    await report(base, { tags: ['gateways:g', 'gateway', 'health'], type: 'health', value: 1 });
    await report(base, {
      tags: ['gateways:old', 'health'],
      type: 'health',
      value: 1,
      timestamp: old,
    });
    await report(base, { tags: ['gateways:d/c/p', 'metrics:rate'], type: 'metrics', value: '2.5' });
    await report(base, {
      tags: ['gateways:d/c/p', 'routes:d/c/s', 'metrics:rate'],
      type: 'metrics',
      value: 7,
    });
    await report(base, { tags: ['gateways:word', 'health'], value: 'fine' });
    await report(base, {
      tags: ['deployments:d', 'clusters:c', 'services:s', 'health', 'synchronization:deployed'],
      value: 0,
    });
    await report(base, { tags: ['workflows:w', 'scheduled'] });
  });

  test.each([
    ['health/gateways/g', '1.0'],
    ['health/gateways/g?window=60', '1.0'],
    ['health/gateways/old?window=600', '1.0'],
    ['health/deployments/d', '0.0'],
    ['health/deployments/d/clusters/c', '0.0'],
    ['health/deployments/d/clusters/c/services/s/', '0.0'],
    ['metrics/gateways/d%2Fc%2Fp/rate', '7.0'],
    ['metrics/deployments/d/clusters/c/ports/p/rate', '7.0'],
    ['metrics/deployments/d/clusters/c/services/s/ports/p/rate', '7.0'],
  ])('%s is %s', async (path, body) => {
    expect(await health(path)).toMatchObject({ status: 200, body });
  });

  test.each([
    'health/gateways/old',
    'health/gateways/word',
    'health/gateways/g/routes/r',
    'health/deployments/d/clusters/c/services/s/instances/i',
    'metrics/gateways/g/rate',
  ])('%s is not there', async (path) => {
    expect(await health(path)).toMatchObject({ status: 404, body: '' });
  });

  test('are counted', async () => {
    const { body } = await health('stats');
    expect(JSON.parse(body)).toEqual({
      'escalation-count': 0,
      'de-escalation-count': 0,
      'deployed-services': 1,
      'redeployed-services': 0,
      'undeployed-services': 0,
      'scheduled-workflows': 1,
      'unscheduled-workflows': 0,
    });
  });
});
