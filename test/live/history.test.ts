import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Event } from '../../src/event/event.ts';
import { everything, type Filter } from '../../src/event/filter.ts';
import { EmbeddedJournal } from '../../src/journal/embedded.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { FeedBatch } from '../../src/live/feed.ts';
import { Live, type LiveLimits } from '../../src/live/live.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import { type OpenStore, openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { report } from '../journal/report.ts';
import { patienceMs } from '../patience.ts';
import { type DataDirectory, dataDirectory } from '../pglite.ts';
import { ListReceiver, operationOf } from './list-receiver.ts';

const log = createLog('silent');
let directory: DataDirectory;
let store: OpenStore;
let journal: EmbeddedJournal;
let live: Live;
/** Whether the store, and the journal, are unreachable. */
const down = { store: false, journal: false };
const lives: Live[] = [];

beforeAll(async () => {
  directory = await dataDirectory();
  const options = { databaseUrl: null, dataDirectory: directory.path, exclusive: true, log };
  store = await openStore(options);
  journal = await EmbeddedJournal.open(store);
});
afterAll(async () => {
  await journal[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});
afterEach(() => {
  down.store = false;
  down.journal = false;
  for (const each of lives.splice(0)) each[Symbol.dispose]();
});

/** Calls of the store while it was unreachable. */
let failedCalls = 0;

/** The real store, except while it is unreachable. */
const failingStore = (): Store =>
  new Proxy<Store>(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...given: unknown[]) => {
        if (!down.store || name === 'untilStored') return member.apply(target, given);
        failedCalls++;
        return Promise.reject(new Unavailable('The database cannot be reached.'));
      };
    },
  });

const failingJournal = (): Journal => ({
  kind: 'EMBEDDED',
  get id() {
    if (down.journal) throw new Unavailable('No journal.');
    return journal.id;
  },
  get position() {
    return journal.position;
  },
  append: (reports) => journal.append(reports),
  lastIndex: () =>
    down.journal ? Promise.reject(new Unavailable('No journal.')) : journal.lastIndex(),
  follow: (follower) => journal.follow(follower),
  healthReason: () => (down.journal ? 'No journal.' : null),
  [Symbol.asyncDispose]: () => Promise.resolve(),
});

/** Live feeds with an empty ring, as after a start, and short timeouts. */
function open(limits: Partial<LiveLimits> = {}): Live {
  const shortTimeouts = { storePatienceMs: 500, journalPatienceMs: 500, warmChanges: 0, ...limits };
  live = new Live({ journal: failingJournal(), store: failingStore(), log, limits: shortTimeouts });
  lives.push(live);
  return live;
}

/** Live feeds over a store whose pages wait for `release`, and how many were asked for. */
function openHolding() {
  let pages = 0;
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const holding = new Proxy<Store>(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      if (name !== 'page') return member.bind(target);
      return async (...given: unknown[]) => {
        pages += 1;
        await held;
        return member.apply(target, given);
      };
    },
  });
  const opened = new Live({ journal, store: holding, log, limits: { warmChanges: 0 } });
  lives.push(opened);
  return { live: opened, pages: () => pages, release };
}

const append = (count: number, said = {}) =>
  journal.append(Array.from({ length: count }, () => report(said)));

function subscribe(afterIndex: number | null, filter: Filter = everything): ListReceiver {
  const receiver = new ListReceiver();
  live.subscribe(operationOf(filter, { afterIndex }), receiver);
  return receiver;
}

async function pull(count: number, afterIndex: number, filter: Filter = everything) {
  const events: Event[] = [];
  for await (const batch of live.openFeed({ filter, afterIndex }, AbortSignal.timeout(20_000))) {
    events.push(...batch.events);
    if (events.length >= count) break;
  }
  return events;
}

const indexes = (events: readonly Event[]) => events.map(({ index }) => index);

describe('history', () => {
  test('is read page by page from the store where the ring does not reach back', async () => {
    open({ pageEvents: 7 });
    const appended = await append(40);
    const from = (appended[0]?.index as number) - 1;
    live[Symbol.dispose]();
    open({ pageEvents: 7 });
    const receiver = subscribe(from);
    await vi.waitFor(() => expect(receiver.messages).toHaveLength(40));
    await append(1);
    await vi.waitFor(() => expect(receiver.messages).toHaveLength(41));
    expect(indexes(receiver.events)).toEqual(Array.from({ length: 41 }, (_, n) => from + 1 + n));
    expect(indexes(await pull(41, from))).toEqual(indexes(receiver.events));
  });

  test('has an event that was completed in the meantime once, with its latest state', async () => {
    const begun = journal.position;
    const [first] = await journal.append([report({ id: crypto.randomUUID(), tags: ['start'] })]);
    const [stored] = await store.after(begun, 1);
    await append(3);
    const [second] = await journal.append([report({ id: stored?.id ?? '', tags: ['end'] })]);
    expect(second?.index).toBe((first?.index ?? 0) + 4);
    open();
    for (const events of [subscribe(begun), await pull(4, begun)]) {
      if (events instanceof ListReceiver) {
        await vi.waitFor(() => expect(events.messages).toHaveLength(4));
      }
      const got = events instanceof ListReceiver ? events.events : events;
      const last = got.at(-1);
      expect(last).toMatchObject({ index: second?.index, tags: ['start', 'end'] });
      expect(got.filter(({ id }) => id === last?.id)).toHaveLength(1);
    }
  });

  test('afterIndex 0 replays all events that are kept', async () => {
    open();
    const kept = await store.after(0, 100_000);
    const receiver = subscribe(0);
    await vi.waitFor(() => expect(receiver.messages).toHaveLength(kept.length));
    expect(receiver.events).toEqual(kept);
  });

  test('the ring is filled with the newest events of the store after the start', async () => {
    await append(20);
    const from = journal.position - 10;
    open({ warmChanges: 50 });
    await vi.waitFor(() => expect(live.stats().recent).toBeGreaterThan(10));
    down.store = true;
    const receiver = subscribe(from);
    await vi.waitFor(() => expect(receiver.messages).toHaveLength(10));
  });

  test('a slow backfill is given every event, though the ring has evicted most of them', async () => {
    open({ ringChanges: 10, pageEvents: 5 });
    const from = journal.position;
    const slow = new ListReceiver(1);
    live.subscribe(operationOf(everything, { afterIndex: from }), slow);
    for (let n = 0; n < 10; n++) await append(20);
    await vi.waitFor(() => expect(slow.messages).toHaveLength(200));
    expect(indexes(slow.events)).toEqual(Array.from({ length: 200 }, (_, n) => from + 1 + n));
  });
});

describe('a feed is rejected', () => {
  test('when its index is after the last of the journal', async () => {
    open();
    const lastIndex = await journal.lastIndex();
    const receiver = subscribe(lastIndex + 1);
    await vi.waitFor(() => expect(receiver.ended).toBeTruthy());
    expect(receiver.ended).toMatchObject({ code: 'INDEX_AHEAD', details: { lastIndex } });
    await expect(pull(1, lastIndex + 1)).rejects.toMatchObject({ code: 'INDEX_AHEAD' });
  });

  test('when its journal is another one', async () => {
    open();
    const other = { filter: everything, journalId: crypto.randomUUID() };
    for (const afterIndex of [null, 0, journal.position]) {
      const receiver = new ListReceiver();
      live.subscribe(operationOf(everything, { ...other, afterIndex }), receiver);
      await vi.waitFor(() => expect(receiver.ended).toMatchObject({ code: 'OTHER_JOURNAL' }));
      const pulled = live.openFeed({ ...other, afterIndex }, AbortSignal.timeout(20_000));
      await expect(pulled.next()).rejects.toMatchObject({ code: 'OTHER_JOURNAL' });
    }
    const receiver = new ListReceiver();
    live.subscribe(operationOf(everything, { afterIndex: null, journalId: journal.id }), receiver);
    await append(1);
    await vi.waitFor(() => expect(receiver.messages).toHaveLength(1));
  });

  test('when events after its index have expired', async () => {
    await append(5);
    const expired = journal.position;
    await append(5, { recordedAt: 1_900_000_000_000_000 });
    await store.expire(1_800_000_000_000_000);
    const firstIndex = await store.firstIndex();
    expect(firstIndex).toBe(expired);
    open();
    const receiver = subscribe(expired - 1);
    await vi.waitFor(() => expect(receiver.ended).toBeTruthy());
    expect(receiver.ended).toMatchObject({ code: 'INDEX_EXPIRED', details: { firstIndex } });
    await expect(pull(1, expired - 1)).rejects.toMatchObject({ code: 'INDEX_EXPIRED' });
    expect(await pull(5, 0)).toHaveLength(5);
    const strict = { filter: everything, afterIndex: 0, rejectsGapAfter0: true };
    const feed = live.openFeed(strict, AbortSignal.timeout(20_000));
    await expect(feed.next()).rejects.toMatchObject({
      code: 'INDEX_EXPIRED',
      details: { firstIndex },
    });
    const resumed = subscribe(firstIndex);
    await vi.waitFor(() => expect(resumed.messages).toHaveLength(5));
  });

  test('when the store stays unreachable and the ring does not reach back', async () => {
    await append(3);
    const from = journal.position - 3;
    open();
    down.store = true;
    failedCalls = 0;
    const receiver = subscribe(from);
    const other = pull(1, from);
    await expect(other).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await vi.waitFor(() => expect(receiver.ended).toBeTruthy());
    expect(receiver.ended).toMatchObject({ code: 'UNAVAILABLE', details: { lastIndex: from } });
    // Both have retried.
    expect(failedCalls).toBeGreaterThan(3);
    expect(live.stats()).toMatchObject({ subscriptions: 0, feeds: 0, indexEntries: 0 });
  });
});

describe('while the store is unreachable', () => {
  test('a backfill waits, and continues when the store is back', async () => {
    await append(3);
    open({ storePatienceMs: 20_000 });
    down.store = true;
    const receiver = subscribe(journal.position - 3);
    await vi.waitFor(() => expect(receiver.begun).not.toBeNull());
    down.store = false;
    await vi.waitFor(() => expect(receiver.messages).toHaveLength(3));
  });

  test('live feeds continue, and feeds resume from the ring', async () => {
    open();
    const receiver = subscribe(null);
    const from = journal.position;
    await append(3);
    down.store = true;
    await vi.waitFor(() => expect(receiver.messages).toHaveLength(3));
    const resumed = subscribe(from);
    await vi.waitFor(() => expect(resumed.messages).toHaveLength(3));
    expect(indexes(await pull(3, from))).toHaveLength(3);
  });
});

test('nothing is read from the store for clients that have gone while they waited for a turn', async () => {
  await append(3);
  const from = journal.position - 3;
  const { live: busy, pages, release } = openHolding();
  const receivers = Array.from({ length: 40 }, () => new ListReceiver());
  const subscriptions = receivers.map((receiver) =>
    busy.subscribe(operationOf(everything, { afterIndex: from }), receiver),
  );
  await vi.waitFor(() => expect(pages()).toBe(8));
  for (const subscription of subscriptions.slice(1)) subscription.cancel();
  release();
  await vi.waitFor(() => expect(receivers[0]?.messages).toHaveLength(3));
  const late = new ListReceiver();
  busy.subscribe(operationOf(everything, { afterIndex: from }), late);
  await vi.waitFor(() => expect(late.messages).toHaveLength(3));
  // Those that were under way, and the late one's.
  expect(pages()).toBe(9);
});

describe('while the journal is down', () => {
  test('feeds end after journalPatienceMs, with the index to resume from', async () => {
    open();
    const from = journal.position;
    const receiver = subscribe(null);
    const pulled = pull(1, from);
    const ended = expect(pulled).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    down.journal = true;
    await vi.waitFor(() => expect(receiver.ended).toBeTruthy());
    expect(receiver.ended).toMatchObject({ code: 'UNAVAILABLE', details: { lastIndex: from } });
    await ended;
    expect(live.stats()).toMatchObject({ subscriptions: 0, channels: 0, feeds: 0 });
  });
});

describe('a pulled feed', () => {
  test('that catches up over events that do not match says how far it has got, without waiting for more', async () => {
    await append(20);
    open();
    const { position } = journal;
    const filter = { tags: ['no event has it'] };
    for (const afterIndex of [position - 20, position - 1]) {
      const feed = live.openFeed({ filter, afterIndex }, AbortSignal.timeout(patienceMs));
      expect(await feed.next()).toEqual({ done: false, value: { index: position, events: [] } });
      await feed.return();
    }
  });

  test('begins when it is opened, not when it is first read', async () => {
    open();
    const feed = live.openFeed(
      { filter: everything, afterIndex: null },
      new AbortController().signal,
    );
    const [appended] = await append(1);
    const { value } = await feed.next();
    expect((value as FeedBatch).events).toMatchObject([{ index: appended?.index }]);
    await feed.return();
    expect(live.stats().feeds).toBe(0);
  });

  test('has every change while its reader keeps up, and checkpoints when nothing matches', async () => {
    open({ checkpointAfterMs: 100 });
    const stop = new AbortController();
    const batches: FeedBatch[] = [];
    const reading = (async () => {
      const request = { filter: { keys: ['k'] }, afterIndex: null };
      for await (const batch of live.openFeed(request, stop.signal)) batches.push(batch);
    })();
    await vi.waitFor(() => expect(live.stats().indexEntries).toBe(1));
    const id = crypto.randomUUID();
    await journal.append([report({ id, key: 'k', time: 1e15 })]);
    const [end] = await journal.append([report({ id, time: 1e15, endTime: 2e15 })]);
    await vi.waitFor(() => expect(batches.flatMap(({ events }) => events)).toHaveLength(2));
    expect(batches.at(-1)?.index).toBe(end?.index);
    const [last] = await append(1);
    await vi.waitFor(() => expect(batches.at(-1)).toEqual({ index: last?.index, events: [] }));
    stop.abort();
    await reading;
    expect(live.stats()).toMatchObject({ feeds: 0, indexEntries: 0 });
  });

  test('ends at once when its reader returns during a wait', async () => {
    open();
    const feed = live.openFeed(
      { filter: everything, afterIndex: null },
      new AbortController().signal,
    );
    const waiting = feed.next();
    await vi.waitFor(() => expect(live.stats().indexEntries).toBe(1));
    await feed.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(live.stats()).toMatchObject({ feeds: 0, indexEntries: 0 });
  });

  test('ends with the gateway', async () => {
    open();
    const feed = live.openFeed(
      { filter: everything, afterIndex: null },
      new AbortController().signal,
    );
    const waiting = feed.next();
    const receiver = subscribe(null);
    await vi.waitFor(() => expect(live.stats().indexEntries).toBe(2));
    live[Symbol.dispose]();
    expect((await waiting).done).toBe(true);
    expect(receiver.ended).toBeNull();
    const late = subscribe(null);
    expect(late.ended).toBeNull();
  });
});

test('more distinct subscriptions than maxChannels are rejected', async () => {
  open({ maxChannels: 2 });
  const operation = operationOf({ keys: ['a'] }, { key: 'shared' });
  live.subscribe(operation, new ListReceiver());
  live.subscribe(operation, new ListReceiver());
  subscribe(null, { keys: ['b'] });
  expect(() => subscribe(null, { keys: ['c'] })).toThrow(/at most 2 distinct/);
  live.subscribe(operation, new ListReceiver());
  expect(live.stats()).toMatchObject({ subscriptions: 4, channels: 2 });
});
