import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { bootGuarded, type GuardedGateway, tokensFor } from '../access/guarded-gateway.ts';
import { bootGateway, type TestGateway } from '../harness.ts';

const maxAnswerBytes = 1024 * 1024;
const eventCount = 100;
const message = 'm'.repeat(1_000);

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await bootGateway({ environment: { TIDINGS_MAX_ANSWER_BYTES: '1MiB' } });
  const events = Array.from({ length: eventCount }, () => ({ category: 'Test', message }));
  const query = 'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { accepted } }';
  expect(await post(query, { events })).toMatchObject({
    data: { reportEvents: { accepted: eventCount } },
  });
});
afterAll(() => gateway?.[Symbol.asyncDispose]());

async function post(query: string, variables: object = {}, path = '/graphql') {
  const response = await fetch(`${gateway.origin}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const text = await response.text();
  expect(text.length).toBeLessThan(2 * maxAnswerBytes);
  return JSON.parse(text);
}

const list = (count: number, of: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => of(at)).join(' ');
const tooLarge = { extensions: { code: 'COST_LIMIT', maxAnswerBytes } };

describe('an answer beyond TIDINGS_MAX_ANSWER_BYTES is COST_LIMIT', () => {
  const many = list(20, (at) => `m${at}: message`);
  const query = `{ events(first: ${eventCount}) { nodes { ${many} } } }`;

  test('by POST', async () => {
    expect(await post(query)).toMatchObject({
      data: null,
      errors: [expect.objectContaining(tooLarge)],
    });
  });

  test('by GET', async () => {
    const response = await fetch(`${gateway.url}?query=${encodeURIComponent(query)}`);
    expect(await response.json()).toMatchObject({
      data: null,
      errors: [expect.objectContaining(tooLarge)],
    });
  });

  test('over a socket', async () => {
    const client = createClient({ url: gateway.webSocketUrl, webSocketImpl: WebSocket });
    for await (const result of client.iterate({ query })) {
      expect(result).toMatchObject({ data: null, errors: [expect.objectContaining(tooLarge)] });
    }
    await client.dispose();
  });

  test('by fragments that name the field again', async () => {
    const fragments = list(20, (at) => `fragment F${at} on Event { m${at}: message }`);
    const spread = list(20, (at) => `...F${at}`);
    const spreading = `{ events(first: ${eventCount}) { nodes { ${spread} } } } ${fragments}`;
    expect(await post(spreading)).toMatchObject({
      data: null,
      errors: [expect.objectContaining(tooLarge)],
    });
  });

  test('by many pages: once too much was read, nothing more is', async () => {
    const pages = list(20, (at) => `p${at}: events(first: ${eventCount}) { nodes { message } }`);
    const { data, errors } = await post(`{ ${pages} }`);
    expect(data).toBeNull();
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) expect(error).toEqual(expect.objectContaining(tooLarge));
  });

  test('what is below it is answered whole', async () => {
    const few = list(8, (at) => `m${at}: message`);
    const { data, errors } = await post(`{ events(first: ${eventCount}) { nodes { ${few} } } }`);
    expect(errors).toBeUndefined();
    expect(data.events.nodes).toHaveLength(eventCount);
  });
});

test('what a live feed reads for each event is not added up', async () => {
  const actions = Array.from({ length: 900 }, (_, at) => `${'a'.repeat(100)}${at}`);
  const events = actions.map((action) => ({ category: 'Wide', action }));
  const query = 'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { accepted } }';
  await post(query, { events });
  const client = createClient({ url: gateway.webSocketUrl, webSocketImpl: WebSocket });
  const feed = client.iterate({
    query: `subscription { events(filter: { categories: ["Wide"] }, afterIndex: 0) { category { actions { name } } } }`,
  });
  for (let followed = 0; followed < 50; followed++) {
    const { value } = await feed.next();
    expect(value.errors).toBeUndefined();
    expect(value.data.events.category.actions.length).toBe(actions.length);
  }
  await feed.return?.();
  await client.dispose();
});

test('an alias that every entry of a list would repeat has a bounded length', async () => {
  const query = `{ events { nodes { ${'a'.repeat(100_000)}: id } } }`;
  const { errors } = await post(query);
  expect(errors).toMatchObject([
    { message: 'An alias has 100000 characters: at most 256 are allowed.' },
  ]);
});

test('aliases of a subscription cost as much', async () => {
  const client = createClient({ url: gateway.webSocketUrl, webSocketImpl: WebSocket });
  const results = client.iterate({
    query: `subscription { events { ${'a'.repeat(257)}: id } }`,
  });
  await expect(results.next()).rejects.toMatchObject([
    { message: 'An alias has 257 characters: at most 256 are allowed.' },
  ]);
  await client.dispose();
});

describe('the cost of an operation, which roles limit, counts values under aliases', () => {
  let guarded: GuardedGateway;
  beforeAll(async () => {
    guarded = await bootGuarded(`
roles:
  reader: { grants: [{ actions: [READ] }], limits: { maxOperationCost: 5000 } }
${tokensFor('reader')}`);
  });
  afterAll(() => guarded[Symbol.asyncDispose]());

  test.each([
    ['written out', (fields: string) => `{ events(first: 1000) { nodes { ${fields} } } }`],
    [
      'in a fragment',
      (fields: string) =>
        `{ events(first: 1000) { nodes { ...F } } } fragment F on Event { ${fields} }`,
    ],
  ])('%s', async (_name, queryOf) => {
    const renamed = (count: number) => queryOf(list(count, (at) => `a${at}: raw`));
    expect((await guarded.ask('reader', renamed(3))).errors).toBeUndefined();
    expect((await guarded.ask('reader', renamed(10))).errors).toMatchObject([
      { extensions: { code: 'COST_LIMIT', cost: 11_001, maxCost: 5_000 } },
    ]);
  });
});
