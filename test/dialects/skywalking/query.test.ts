import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import cases from '../../fixtures/skywalking-cases.json' with { type: 'json' };
import { Agent, type AgentEvent } from './agent.ts';
import { type SkyWalkingGateway, startGateway } from './gateway.ts';
import { eventsDocument, post, queryEvents } from './query-client.ts';

interface QueryCase {
  readonly id: string;
  readonly condition?: object;
  readonly document?: string;
  readonly expected_uuids?: readonly string[];
  readonly http_status?: number;
  readonly expected?: {
    readonly data?: object;
    readonly errors: readonly { readonly message: string; readonly path?: readonly string[] }[];
  };
}

const given = cases.query.cases as QueryCase[];
const paging = { pageNum: 1, pageSize: 15 };
const time = { start: '2023-11-14 2200', end: '2023-11-14 2300', step: 'MINUTE' };

let gateway: SkyWalkingGateway;
beforeAll(async () => {
  gateway = await startGateway();
  using agent = new Agent(gateway.grpc.port);
  await agent.report(...(cases.query.rows as AgentEvent[]));
});
afterAll(() => gateway[Symbol.asyncDispose]());

test.each(given.filter((each) => each.expected_uuids !== undefined))('$id', async (each) => {
  const events = await queryEvents(gateway.url, each.condition ?? {});
  expect(events.map(({ uuid }) => uuid)).toEqual(each.expected_uuids);
});

test.each(given.filter((each) => each.expected !== undefined))('$id', async (each) => {
  const document = each.document ?? eventsDocument.replace('result: ', '');
  const answer = await post(gateway.url, document, { condition: each.condition });
  expect(answer.status).toBe(each.http_status);
  expect(answer.errors).toHaveLength(1);
  const [expected] = each.expected?.errors ?? [];
  // Of other servers' own sentences the case says only that there is one.
  if (expected?.message.startsWith('<') === false)
    expect(answer.errors?.[0]).toMatchObject(expected);
  expect(answer.data).toEqual(each.expected?.data);
});

test('an answer has exactly this shape', async () => {
  const [expected] = cases.response_shape.exact.data.result.events;
  using agent = new Agent(gateway.grpc.port);
  await agent.report({
    uuid: 'a',
    source: { service: 'e2e-service' },
    name: 'Start',
    startTime: 1_700_000_000_000,
    layer: 'GENERAL',
  });
  const asked = { source: { service: 'e2e-service' }, time, paging };
  expect(await post(gateway.url, eventsDocument, { condition: asked })).toEqual({
    status: 200,
    data: { result: { events: [expected] } },
  });
});

describe('a condition', () => {
  test('needs a time where the uuid is blank', async () => {
    const answer = await post(gateway.url, eventsDocument, { condition: { uuid: ' ', paging } });
    expect(answer.errors?.[0]).toMatchObject({
      message:
        'Exception while fetching data (/result) : time field is required when uuid is absent.',
      path: ['result'],
    });
  });

  test('is needed', async () => {
    const answer = await post(gateway.url, '{ queryEvents { events { uuid } } }');
    expect(answer).toMatchObject({ status: 200, data: { queryEvents: null } });
    expect(answer.errors?.[0]?.message).toMatch(/condition is required/);
  });

  test.each(cases.duration.invalid)('cannot have the time $duration', async ({ duration }) => {
    const answer = await post(gateway.url, eventsDocument, {
      condition: { time: duration, paging },
    });
    expect(answer.status).toBe(200);
    expect(answer.errors?.[0]?.message).toMatch(/time.start must be a time/);
  });

  test('may hold keys that mean nothing here', async () => {
    const events = await queryEvents(gateway.url, {
      uuid: '3',
      time: { ...time, coldStage: true },
      paging: { ...paging, needTotal: true },
    });
    expect(events).toHaveLength(1);
  });

  test.each([
    [{ pageNum: 1, pageSize: 0 }, []],
    [{ pageNum: 1, pageSize: -1 }, []],
    [{ pageNum: -3, pageSize: 1 }, ['4']],
    [{ pageNum: 50, pageSize: 1 }, []],
  ])('with %j answers %j', async (page, uuids) => {
    const source = { service: '' };
    const asked = { time, source, layer: '', name: '', paging: page, uuid: '' };
    const events = await queryEvents(gateway.url, { ...asked, type: null, order: null });
    expect(events.map(({ uuid }) => uuid)).toEqual(uuids);
  });

  test.each([
    { pageNum: 10_002, pageSize: 1 },
    { pageNum: 1, pageSize: 10_001 },
  ])('that reaches as far as %j is rejected', async (page) => {
    const answer = await post(gateway.url, eventsDocument, { condition: { time, paging: page } });
    expect(answer.errors?.[0]?.message).toMatch(/paging reaches too far/);
  });
});

describe('events that came in another language', () => {
  const day = { start: '2022-01-01', end: '2022-01-01', step: 'DAY' };
  beforeAll(() =>
    gateway.context.intake.report(
      [
        {
          dialect: 'TIDINGS',
          id: '7d3f0a52-9a55-4b57-8f3f-0f6a3a7f5b11',
          category: 'deploy',
          source: { service: 'shop' },
          time: '2022-01-01T12:00:00.123456Z',
          traits: [
            { name: 'build', type: 'INT', value: 7 },
            { name: 'at', type: 'DATETIME', value: '2022-01-01T11:00:00Z' },
          ],
        },
      ],
      'STORED',
    ),
  );

  test('are shown with their service', async () => {
    const asked = { source: { service: 'shop' }, time: day, paging };
    expect(await queryEvents(gateway.url, asked)).toEqual([
      {
        uuid: '7d3f0a52-9a55-4b57-8f3f-0f6a3a7f5b11',
        source: { service: 'shop', serviceInstance: '', endpoint: '' },
        name: 'deploy',
        type: 'Normal',
        message: '',
        parameters: [
          { key: 'build', value: '7' },
          { key: 'at', value: '2022-01-01T11:00:00.000Z' },
        ],
        startTime: Date.parse('2022-01-01T12:00:00.123Z'),
        endTime: 0,
        layer: 'UNDEFINED',
      },
    ]);
  });

  test('and not where no service is named', async () => {
    expect(await queryEvents(gateway.url, { time: day, paging })).toEqual([]);
  });
});

describe('layers', () => {
  const service = { service: 'layered' };
  beforeAll(async () => {
    using agent = new Agent(gateway.grpc.port);
    const startTime = 1_700_000_000_000;
    await agent.report(
      ...['general', 'K8S', '', 'NEWER'].map((layer, at) => ({
        uuid: `layer-${layer}`,
        source: service,
        name: 'n',
        layer,
        startTime: startTime + at,
      })),
    );
  });

  test.each([
    ['', ['NEWER', '', 'K8S', 'general']],
    ['K8S', ['K8S']],
    ['UNDEFINED', ['NEWER', '', 'general']],
    ['NEWER', ['NEWER']],
    ['GENERAL', []],
  ])('asked for %j', async (layer, found) => {
    const events = await queryEvents(gateway.url, { source: service, time, layer, paging });
    expect(events.map(({ uuid }) => uuid)).toEqual(found.map((each) => `layer-${each}`));
    for (const event of events) {
      expect(event.layer).toBe(event.uuid === 'layer-K8S' ? 'K8S' : 'UNDEFINED');
    }
  });
});

test('a page may hold more than the store gives at once', async () => {
  using agent = new Agent(gateway.grpc.port);
  const startTime = Date.parse('2021-05-05T00:00:01Z');
  const events = Array.from({ length: 2_500 }, (_, at) => ({
    uuid: `many-${at}`,
    source: { service: 'many' },
    name: 'n',
    startTime: startTime + at,
    layer: 'K8S',
  }));
  await agent.report(...events);
  const found = await queryEvents(gateway.url, {
    source: { service: 'many' },
    time: { start: '2021-05-05', end: '2021-05-05', step: 'DAY' },
    order: 'ASC',
    paging: { pageNum: 2, pageSize: 1_200 },
  });
  expect(found.map(({ uuid }) => uuid)).toEqual(events.slice(1_200, 2_400).map(({ uuid }) => uuid));
});

describe('requests', () => {
  const send = (init: RequestInit) => fetch(`${gateway.url}/skywalking/graphql`, init);
  const json = { 'Content-Type': 'application/json' };

  test.each([
    ['no JSON', '{', 400],
    ['no query', '{}', 400],
    ['no GraphQL', '{"query":"{"}', 400],
    ['an unknown field', '{"query":"{ nothing }"}', 400],
    ['too many tokens', JSON.stringify({ query: `{ ${'version '.repeat(2_000)} }` }), 400],
    [
      'too many aliases',
      JSON.stringify({ query: `{ ${Array.from({ length: 101 }, (_, at) => `a${at}: version`)} }` }),
      400,
    ],
    ['a mutation', '{"query":"mutation { version }"}', 200],
    ['two operations without a name', '{"query":"query a { version } query b { version }"}', 200],
  ])('%s', async (_name, body, expected) => {
    const response = await send({ method: 'POST', headers: json, body });
    expect(response.status).toBe(expected);
    expect(await response.json()).toMatchObject({ errors: [expect.anything()] });
  });

  test('other methods and other types are rejected', async () => {
    expect((await send({ method: 'GET' })).status).toBe(405);
    expect((await send({ method: 'POST', body: 'query={version}' })).status).toBe(415);
  });
});
