import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { Bucket } from '../../src/access/bucket.ts';
import { Quota } from '../../src/access/quota.ts';
import { RateLimited } from '../../src/runtime/unavailable.ts';
import { bearer, bootGuarded, type GuardedGateway, tokensFor } from './guarded-gateway.ts';

describe('a bucket', () => {
  test('holds a second of its rate, and fills as time passes', () => {
    const bucket = new Bucket();
    for (let taken = 0; taken < 5; taken++) {
      expect(bucket.waitSeconds(1, 5, 1_000)).toBe(0);
      bucket.take(1, 5, 1_000);
    }
    expect(bucket.waitSeconds(1, 5, 1_000)).toBeCloseTo(0.2);
    expect(bucket.waitSeconds(1, 5, 1_200)).toBe(0);
    expect(bucket.waitSeconds(6, 5, 100_000)).toBe(0);
  });

  test('lets in more than it holds when it is full, and then makes up for it', () => {
    const bucket = new Bucket();
    expect(bucket.waitSeconds(100, 10, 0)).toBe(0);
    bucket.take(100, 10, 0);
    expect(bucket.waitSeconds(1, 10, 0)).toBeCloseTo(9.1);
    expect(bucket.waitSeconds(100, 10, 5_000)).toBeCloseTo(5);
    expect(bucket.waitSeconds(1, 10, 9_100)).toBe(0);
  });

  test('of a rate below one holds one', () => {
    const bucket = new Bucket();
    bucket.take(1, 0.01, 0);
    expect(bucket.waitSeconds(1, 0.01, 0)).toBeCloseTo(100);
  });
});

describe('a quota that several gateways share', () => {
  test('grants each gateway its part, by the number of the moment', () => {
    let gateways = 1;
    const quota = new Quota({ maxFeeds: 4, maxConnections: 3 }, () => gateways);
    const feeds = [1, 2, 3, 4].map(() => quota.openFeed());
    expect(() => quota.openFeed()).toThrow(RateLimited);
    gateways = 2;
    feeds[0]?.[Symbol.dispose]();
    feeds[0]?.[Symbol.dispose]();
    expect(() => quota.openFeed()).toThrow(RateLimited);
    feeds[1]?.[Symbol.dispose]();
    feeds[2]?.[Symbol.dispose]();
    quota.openFeed();
    expect(() => quota.openFeed()).toThrow('Your roles allow 4 feeds at a time.');
    // A part that is not whole is rounded up: each gateway serves somebody.
    gateways = 100;
    quota.openConnection();
    expect(() => quota.openConnection()).toThrow(RateLimited);
  });
});

const everything = 'grants: [{ actions: [ADMIN] }]';
const policy = `
roles:
  reports: { ${everything}, limits: { reportsPerSecond: 0.001 } }
  bytes: { ${everything}, limits: { reportBytesPerSecond: 0.1 } }
  operations: { ${everything}, limits: { operationsPerSecond: 0.001 } }
  dialects: { ${everything}, limits: { operationsPerSecond: 0.001 } }
  collector: { ${everything}, limits: { reportsPerSecond: 0.001 } }
  upload: { ${everything}, limits: { reportsPerSecond: 0.001 } }
  logs: { ${everything}, limits: { reportsPerSecond: 0.001 } }
  cost: { ${everything}, limits: { maxOperationCost: 2000 } }
  slow: { ${everything}, limits: { maxDatabaseTime: 1us } }
  feeds: { ${everything}, limits: { maxFeeds: 1 } }
  sockets: { ${everything}, limits: { maxConnections: 1 } }
  strict: { limits: { maxOperationCost: 10 } }
  free: { ${everything} }
${tokensFor('reports', 'bytes', 'operations', 'dialects', 'collector', 'upload', 'logs', 'cost', 'slow', 'feeds', 'sockets', 'free')}
  - { name: both, sha256: "ff7772053abf7d817d6eec229a09e14f0d1552f1cb0aeedb2ac73784ac2d2e39", roles: [cost, strict] }
`;

let guarded: GuardedGateway;
beforeAll(async () => {
  guarded = await bootGuarded(policy);
});
afterAll(() => guarded[Symbol.asyncDispose]());

const report = 'mutation { reportEvent(event: { category: "Test" }) { __typename } }';
const viewer = '{ viewer { name } }';
const feed = 'subscription { events { index } }';

async function post(
  secret: string,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
) {
  const response = await fetch(`${guarded.booted.origin}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(secret), ...headers },
    body: JSON.stringify(body),
  });
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    text: await response.text(),
  };
}

const stream = (secret: string, query: string) =>
  fetch(`${guarded.booted.url}?query=${encodeURIComponent(query)}`, {
    headers: { accept: 'text/event-stream', ...bearer(secret) },
  });

const client = (secret: string) =>
  createClient({
    url: guarded.booted.webSocketUrl,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: { authorization: `Bearer ${secret}` },
  });

/** The first result, or the errors that the operation ends with. */
async function overSocket(secret: string, query: string): Promise<unknown> {
  const connection = client(secret);
  try {
    for await (const result of connection.iterate({ query })) return result;
    return null;
  } catch (error) {
    return error;
  } finally {
    await connection.dispose();
  }
}

const limited = { extensions: { code: 'RATE_LIMITED', retryAfter: expect.any(Number) } };

describe('reports a second', () => {
  test('are counted by every transport: RATE_LIMITED, retryAfter, and 429 with Retry-After', async () => {
    expect((await guarded.ask('reports', report)).errors).toBeUndefined();
    const again = await post('reports', '/graphql', { query: report });
    expect(again.status).toBe(429);
    const { errors } = JSON.parse(again.text);
    expect(errors).toMatchObject([{ path: ['reportEvent'], ...limited }]);
    expect(again.retryAfter).toBe(String(errors[0].extensions.retryAfter));
    expect(Number(again.retryAfter)).toBeGreaterThan(900);
    expect(errors[0].extensions).not.toHaveProperty('http');
    const unusual = { 'content-type': 'application/json; profile=x' };
    expect((await post('reports', '/graphql', { query: report }, unusual)).status).toBe(429);
    expect(await overSocket('reports', report)).toMatchObject({ data: null, errors: [limited] });
    const streamed = await post(
      'reports',
      '/graphql',
      { query: report },
      {
        accept: 'text/event-stream',
      },
    );
    expect(streamed.text).toMatch(/"code":"RATE_LIMITED"/);
    // Whoever reports too much may still read.
    expect((await guarded.ask('reports', '{ events { totalCount } }')).errors).toBeUndefined();
  });

  test('a call with more events than a second allows is taken once, and made up for', async () => {
    const events = Array.from({ length: 20 }, () => ({ category: 'Batch' }));
    const query =
      'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { accepted } }';
    const first = await guarded.ask('collector', query, { events });
    expect(first.data.reportEvents.accepted).toBe(20);
    const { status, errors } = await guarded.ask('collector', report);
    expect(status).toBe(429);
    expect(errors?.[0]?.extensions.retryAfter).toBeGreaterThan(19_000);
  });

  test('bytes are counted as well', async () => {
    expect((await guarded.ask('bytes', report)).errors).toBeUndefined();
    expect(await guarded.ask('bytes', report)).toMatchObject({ status: 429, errors: [limited] });
  });

  test.each([
    [
      'upload',
      '/v1/notifications',
      [{ message_id: 'a', event_type: 'x.y', timestamp: '2026-01-01T00:00:00', payload: {} }],
    ],
    [
      'logs',
      '/v1/logs',
      { resourceLogs: [{ scopeLogs: [{ logRecords: [{ eventName: 'app.start' }] }] }] },
    ],
  ])('%s: those of other systems too, at %s', async (secret, path, body) => {
    expect((await post(secret, path, body)).status).toBe(200);
    const again = await post(secret, path, body);
    expect(again).toMatchObject({ status: 429, text: expect.stringMatching(/reports a second/) });
    expect(Number(again.retryAfter)).toBeGreaterThan(0);
  });
});

describe('operations a second', () => {
  test('are counted by every transport', async () => {
    expect((await guarded.ask('operations', viewer)).errors).toBeUndefined();
    const again = await post('operations', '/graphql', { query: viewer });
    expect(again.status).toBe(429);
    expect(Number(again.retryAfter)).toBeGreaterThan(0);
    const byGet = await fetch(`${guarded.booted.url}?query=${encodeURIComponent(viewer)}`, {
      headers: bearer('operations'),
    });
    expect(byGet.status).toBe(429);
    expect(Number(byGet.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await overSocket('operations', viewer)).toMatchObject({ errors: [limited] });
    expect(await overSocket('operations', feed)).toMatchObject([limited]);
    expect((await stream('operations', feed)).status).toBe(429);
    expect((await stream('operations', 'subscription { sinkChanges { id } }')).status).toBe(429);
  });

  test('requests of other systems are operations', async () => {
    const ask = () =>
      fetch(`${guarded.booted.origin}/api/v1/events?tag=none`, {
        headers: { accept: 'application/json', ...bearer('dialects') },
      });
    expect((await ask()).status).not.toBe(429);
    expect((await ask()).status).toBe(429);
  });
});

describe('the cost of an operation', () => {
  const cost = async (secret: string, query: string) => {
    const { errors } = await guarded.ask(secret, query);
    return errors?.[0]?.extensions;
  };

  test.each([
    ['a page', '{ events(first: 1000) { nodes { id } } }'],
    [
      'statistics of a span of time',
      '{ aggregateEvents(filter: { time: { gte: "now-1h" } }) { truncated } }',
    ],
  ])('%s is allowed', async (_name, query) => {
    expect(await cost('cost', query)).toBeUndefined();
  });

  test.each([
    [
      'pages beside each other',
      '{ a: events(first: 1000) { nodes { id } } b: events(first: 1000) { nodes { id } } }',
    ],
    ['lists within a page', '{ events(first: 1000) { nodes { id traits { name } } } }'],
    ['statistics of all time', '{ aggregateEvents { truncated } }'],
    ['a count of all time', '{ events(first: 1) { totalCount } }'],
    [
      'in a fragment',
      'query { events(first: 500) { ...a } } fragment a on EventConnection { nodes { id tags traits { name } } totalCount }',
    ],
  ])('%s is COST_LIMIT, with the number', async (_name, query) => {
    const found = await cost('cost', query);
    expect(found).toMatchObject({ code: 'COST_LIMIT', maxCost: 2000 });
    expect(found?.cost).toBeGreaterThan(2000);
  });

  test('of several roles with a limit the least holds', async () => {
    expect(await cost('both', '{ events { nodes { id } } }')).toMatchObject({ maxCost: 10 });
  });

  test('values of variables count', async () => {
    const query = 'query ($first: Int) { events(first: $first) { nodes { id traits { name } } } }';
    expect((await guarded.ask('cost', query, { first: 10 })).errors).toBeUndefined();
    const { data, errors } = await guarded.ask('cost', query, { first: 1000 });
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([{ extensions: { code: 'COST_LIMIT' } }]);
  });

  test('a chain of fragments that doubles at each step is measured in no time', async () => {
    const names = Array.from({ length: 30 }, (_, at) => `f${at}`);
    const chain = names.map(
      (name, at) =>
        `fragment ${name} on EventConnection { ${names[at + 1] ? `...${names[at + 1]} ...${names[at + 1]}` : 'totalCount'} }`,
    );
    const begin = performance.now();
    expect(await cost('cost', `query { events { ...f0 } } ${chain.join(' ')}`)).toMatchObject({
      code: 'COST_LIMIT',
    });
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  test('its time in the database is COST_LIMIT as well', async () => {
    await guarded.ask('free', report);
    expect(await cost('slow', '{ events { totalCount nodes { id } } }')).toMatchObject({
      code: 'COST_LIMIT',
      maxDatabaseTimeMs: 0.001,
    });
    expect(await cost('free', '{ events { totalCount nodes { id } } }')).toBeUndefined();
  });
});

describe('what is open at a time', () => {
  test('feeds: one more is RATE_LIMITED until another ends', async () => {
    const first = client('feeds');
    const following = first.iterate({ query: 'subscription { events(afterIndex: 0) { index } }' });
    await guarded.ask('free', report);
    await following.next();
    expect(await overSocket('feeds', feed)).toMatchObject([limited]);
    expect((await stream('feeds', feed)).status).toBe(429);
    await following.return?.();
    await vi.waitFor(async () => {
      const opened = await stream('feeds', feed);
      await opened.body?.cancel();
      expect(opened.status).toBe(200);
    }, 10_000);
    await first.dispose();
  });

  test('sockets and streams: one more is closed with 1013, which clients retry, or 429', async () => {
    const first = client('sockets');
    const following = first.iterate({ query: 'subscription { events(afterIndex: 0) { index } }' });
    await following.next();
    expect(await overSocket('sockets', viewer)).toMatchObject({
      code: 1013,
      reason: expect.stringMatching(/connections at a time/),
    });
    expect((await stream('sockets', feed)).status).toBe(429);
    // An operation over HTTP is over at once, and is none.
    expect((await guarded.ask('sockets', viewer)).status).toBe(200);
    await first.dispose();
    await vi.waitFor(async () => {
      const opened = await stream('sockets', feed);
      await opened.body?.cancel();
      expect(opened.status).toBe(200);
    }, 10_000);
  });
});

test('a new policy changes the limits of what goes on', async () => {
  const loose = policy.replace('maxOperationCost: 2000', 'maxOperationCost: 1000000');
  await guarded.replacePolicy(loose);
  expect((await guarded.ask('cost', '{ aggregateEvents { truncated } }')).errors).toBeUndefined();
  await guarded.replacePolicy(policy);
  expect((await guarded.ask('cost', '{ aggregateEvents { truncated } }')).errors).toHaveLength(1);
});
