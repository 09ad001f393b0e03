import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EventDraft } from '../../../src/event/draft.ts';
import { now } from '../../../src/event/instant.ts';
import { eventually } from '../eventually.ts';
import { startGateway, type TestGateway } from '../gateway.ts';
import { ask, OpenStream } from '../http-client.ts';
import { GoClient } from './go-client.ts';

let gateway: TestGateway;
let stream: string;

beforeAll(async () => {
  gateway = await startGateway({ heartbeat: 40 });
  stream = `${gateway.url}/v1/event/stream`;
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function report(draft: Partial<EventDraft>): Promise<number> {
  const [result] = await gateway.context.intake.report(
    [{ dialect: 'TIDINGS', ...draft }],
    'STORED',
  );
  if (result === undefined || result.status === 'REJECTED') throw new Error('it was rejected');
  return result.index;
}

test('a line is one event, byte for byte, heartbeats come before it and go on', async () => {
  await using open = await OpenStream.open(`${stream}?topic=Volume:v1`);
  await eventually(() => expect(open.text).toMatch(/^\{\}\n/));
  const index = await report({
    category: 'Volume',
    action: 'Create',
    key: 'v1',
    filterKeys: ['pool-1'],
    value: { size: 5, html: '<a&b>' },
  });
  await eventually(() => expect(open.text).toMatch(/Events.*\n\{\}\n/));
  const line = `{"Index":${index},"Events":[{"Topic":"Volume","Type":"Create","Key":"v1","Namespace":"default","FilterKeys":["pool-1"],"Index":${index},"Payload":{"size":5,"html":"<a&b>"}}]}\n`;
  expect(open.text.replaceAll('{}\n', '')).toBe(line);
});

test('heartbeats come regardless of traffic', async () => {
  await using client = await GoClient.open(`${stream}?topic=Busy`);
  const stop = new AbortController();
  const busy = (async () => {
    while (!stop.signal.aborted) await report({ category: 'Busy' });
  })();
  await eventually(() => expect(client.heartbeats).toBeGreaterThan(4));
  stop.abort();
  await busy;
  expect(client.events.length).toBeGreaterThan(0);
});

describe('a payload', () => {
  test.each([
    [{ value: { a: 1 } }, { a: 1 }],
    [{ value: 5 }, { Value: 5 }],
    [{ value: [1] }, { Value: [1] }],
    [
      { value: 'text', message: 'said' },
      { Value: 'text', Message: 'said' },
    ],
    [{ message: 'said' }, { Value: null, Message: 'said' }],
    [{}, null],
  ])('of %j is %j', async (draft, payload) => {
    const index = await report({ category: 'Payload', ...draft });
    await using client = await GoClient.open(`${stream}?index=${index}`);
    await eventually(() => expect(client.events[0]?.Payload).toEqual(payload));
  });
});

describe('a namespace', () => {
  test('is default where none is named, and * is all of them', async () => {
    const after = await report({ category: 'Start' });
    await report({ category: 'Job', key: 'a' });
    await report({ category: 'Job', key: 'b', namespace: 'prod' });
    const keys = async (query: string) => {
      await using client = await GoClient.open(`${stream}?after=${after}&topic=Job&${query}`);
      await eventually(() => expect(client.heartbeats).toBeGreaterThan(2));
      return client.events.map(({ Key, Namespace }) => `${Key}@${Namespace}`);
    };
    expect(await keys('')).toEqual(['a@default']);
    expect(await keys('namespace=prod')).toEqual(['b@prod']);
    expect(await keys('namespace=*&region=eu&stale=&pretty=1')).toEqual(['a@default', 'b@prod']);
  });
});

describe('errors', () => {
  test.each(['POST', 'PUT', 'DELETE'])('%s is no method of the stream', async (method) => {
    expect(await ask(stream, { method })).toMatchObject({ status: 405, body: 'Invalid method' });
  });

  test.each([
    ['index=1x', 400, 'Unable to parse index: strconv.Atoi: parsing "1x": invalid syntax'],
    ['after=-1', 400, 'after must be an index: a whole number, 0 or more.'],
    ['after=x', 400, 'after must be an index: a whole number, 0 or more.'],
    ['after=999999', 400, /^after lies beyond the last index, which is \d+\.$/],
  ])('?%s is answered %d', async (query, status, body) => {
    const reply = await ask(`${stream}?${query}`);
    expect(reply.status).toBe(status);
    expect(reply.body).toMatch(body);
    expect(reply.headers['content-type']).toBe('text/plain');
  });

  test('other paths are not Nomad’s', async () => {
    expect(await ask(`${gateway.url}/v1/event`)).toMatchObject({ status: 404 });
    expect(await ask(`${gateway.url}/v1/jobs`)).toMatchObject({ status: 404 });
  });
});

describe('when the oldest events are gone', () => {
  let own: TestGateway;

  beforeAll(async () => {
    own = await startGateway({
      heartbeat: 40,
      overrides: { live: { ringChanges: 1, warmChanges: 0 } },
    });
    const drafts = Array.from(
      { length: 5 },
      (_, at): EventDraft => ({ dialect: 'TIDINGS', key: `${at}` }),
    );
    await own.context.intake.report(drafts.slice(0, 3), 'STORED');
    await own.store.expire(now() + 1_000_000);
    await own.context.intake.report(drafts.slice(3), 'STORED');
  });
  afterAll(() => own[Symbol.asyncDispose]());

  test('after says so with the oldest index', async () => {
    const reply = await ask(`${own.url}/v1/event/stream?after=1`);
    expect(reply.status).toBe(410);
    expect(reply.headers['x-tidings-first-index']).toBe('3');
    expect(reply.body).toContain('3 is the oldest index');
  });

  test.each(['after=3', 'after=0', 'index=0', 'index=2', 'index=3', 'index=4'])(
    '%s begins with the oldest that is left',
    async (query) => {
      await using client = await GoClient.open(`${own.url}/v1/event/stream?${query}`);
      const indexes = () => client.batches.map(({ Index }) => Index);
      await eventually(() => expect(indexes()).toEqual([4, 5]));
      const before = client.heartbeats;
      await eventually(() => expect(client.heartbeats).toBeGreaterThan(before + 1));
      expect(indexes()).toEqual([4, 5]);
    },
  );
});

test('a client that reads nothing holds nobody up', async () => {
  await using stalled = await OpenStream.open(`${stream}?topic=Large`);
  stalled.stall();
  await using client = await GoClient.open(`${stream}?topic=Large`);
  const value = { text: 'x'.repeat(200_000) };
  for (let at = 0; at < 60; at++) await report({ category: 'Large', key: String(at), value });
  await eventually(() => expect(client.events).toHaveLength(60));
  expect(client.events.map(({ Key }) => Number(Key))).toEqual(
    Array.from({ length: 60 }, (_, at) => at),
  );
});
