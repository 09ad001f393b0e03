import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Tail, type TailOptions } from '../../src/console/tail.ts';
import { startCuttingProxy } from '../client/cutting-proxy.ts';
import { freePort } from '../free-port.ts';
import { bootGateway, type TestGateway } from '../harness.ts';
import { dataDirectory } from '../pglite.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await bootGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

let tail: Tail | null = null;
afterEach(() => tail?.stop());

function open(type: string, options: Partial<TailOptions> = {}): Tail {
  tail = new Tail({
    url: gateway.webSocketUrl,
    filter: { types: [type] },
    selection: 'id key',
    onChange: () => {},
    webSocketImpl: WebSocket,
    ...options,
  });
  return tail;
}

const report = (type: string, from: number, to: number) =>
  gateway.gql('mutation ($events: [EventInput!]!) { reportEvents(events: $events) { accepted } }', {
    events: Array.from({ length: to - from }, (_, at) => ({ type, key: String(from + at) })),
  });

const keys = ({ state }: Tail) => state.events.map(({ key }) => Number(key)).reverse();
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => from + at);
const live = (of: Tail) => expect.poll(() => of.state.status).toBe('LIVE');

test('the list of a tail is made when it is read, and the same one until something comes', async () => {
  let changes = 0;
  const read = open('A.List', { maxShown: 5, onChange: () => (changes += 1) });
  await live(read);
  const empty = read.state.events;
  expect(read.state.events).toBe(empty);
  await report('A.List', 0, 23);
  await expect.poll(() => read.state.shownCount).toBe(23);
  expect(changes).toBeGreaterThan(23);
  expect(empty).toEqual([]);
  const { events } = read.state;
  expect(keys(read)).toEqual(numbers(18, 23));
  expect(read.state.events).toBe(events);
});

test('a paused tail counts what comes and shows it when it continues', async () => {
  const paused = open('A.Pause');
  await live(paused);
  await report('A.Pause', 0, 3);
  await expect.poll(() => keys(paused)).toEqual([0, 1, 2]);
  paused.pause();
  await report('A.Pause', 3, 10);
  await expect.poll(() => paused.state.waiting).toBe(7);
  expect(keys(paused)).toEqual([0, 1, 2]);
  paused.continue();
  expect(keys(paused)).toEqual(numbers(0, 10));
  expect(paused.state).toMatchObject({ waiting: 0, isFull: false, shownCount: 10 });
});

test('as many wait as may; the rest comes from the journal, without a gap or a repeat', async () => {
  const full = open('A.Full', { maxWaiting: 5 });
  await live(full);
  full.pause();
  await report('A.Full', 0, 12);
  await expect.poll(() => full.state.isFull).toBe(true);
  await report('A.Full', 12, 40);
  expect(full.state.waiting).toBe(5);
  full.continue();
  await expect.poll(() => keys(full)).toEqual(numbers(0, 40));
});

test('the oldest leave a long list', async () => {
  const short = open('A.Short', { maxShown: 4 });
  await live(short);
  await report('A.Short', 0, 10);
  await expect.poll(() => keys(short)).toEqual([6, 7, 8, 9]);
  expect(short.state.shownCount).toBe(10);
});

test('a break is said once, and what came meanwhile follows exactly once', async () => {
  await using proxy = await startCuttingProxy(Number(new URL(gateway.url).port));
  const cut = open('A.Cut', { url: `ws://127.0.0.1:${proxy.port}/graphql` });
  await live(cut);
  await report('A.Cut', 0, 5);
  await expect.poll(() => keys(cut)).toEqual(numbers(0, 5));
  proxy.cut();
  await report('A.Cut', 5, 20);
  await expect.poll(() => keys(cut)).toEqual(numbers(0, 20));
  expect(cut.state.notices.map(({ kind }) => kind)).toEqual(['RESUMED', 'BREAK']);
});

test('events that are not kept any more are said to be missing', async () => {
  await using data = await dataDirectory();
  const port = String(await freePort());
  const boot = (environment: Record<string, string> = {}) =>
    bootGateway({
      dataDirectory: data.path,
      environment: { TIDINGS_PORT: port, DATABASE_URL: '', ...environment },
    });
  const send = (of: TestGateway, count: number) =>
    of.gql('mutation ($events: [EventInput!]!) { reportEvents(events: $events) { accepted } }', {
      events: Array.from({ length: count }, () => ({ type: 'A.Gap' })),
    });
  const before = await boot();
  const late = open('A.Gap', { url: before.webSocketUrl, maxWaiting: 2 });
  await live(late);
  late.pause();
  await send(before, 2);
  await expect.poll(() => late.state.isFull).toBe(true);
  await send(before, 3);
  await before[Symbol.asyncDispose]();

  {
    await using expiring = await boot({ TIDINGS_RETENTION: '1ms' });
    await expect
      .poll(async () => (await expiring.gql('{ journal { firstIndex } }')).journal.firstIndex)
      .toBe(5);
  }
  // One that never had them in memory.
  await using after = await boot();
  late.continue();
  await expect.poll(() => late.state.notices.map(({ kind }) => kind)).toEqual(['GAP']);
  await expect.poll(() => late.state.status).toBe('LIVE');
  await send(after, 1);
  await expect.poll(() => late.state.shownCount).toBe(3);
});

test('a feed that may not begin says why', async () => {
  const wrong = open('A.Wrong', { selection: 'nothing' });
  await expect.poll(() => wrong.state.status).toBe('ENDED');
  expect(wrong.state.notices[0]?.text).toContain('nothing');
});
