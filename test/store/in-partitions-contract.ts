import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Event } from '../../src/event/event.ts';
import type { Filter } from '../../src/event/filter.ts';
import type { OpenStore } from '../../src/store/open.ts';
import type { EventOrder } from '../../src/store/store.ts';
import { report } from '../journal/report.ts';
import { countAll, inPartitions, put, putEvents, type StoreHarness } from './harness.ts';
import { rollupsContract } from './read/rollups-contract.ts';
import { searchContract } from './read/search-contract.ts';
import { statisticsContract } from './read/statistics-contract.ts';
import { writeContract } from './write/write-contract.ts';

const hour = 3_600_000_000;
const begin = 1.7e15;

/** Nothing that rollups hold: the rows of events are counted. */
const rowsOnly: Filter = { not: { ids: [] } };

/** A store does the same, whatever partitions its events are in. */
export function inPartitionsContract(openHarness: () => Promise<StoreHarness>): void {
  describe('whatever a store does', () => {
    let harness: StoreHarness;
    let store: OpenStore;
    beforeAll(async () => {
      harness = await openHarness();
      store = inPartitions(harness.store);
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    searchContract(() => store, 40);
    writeContract(() => store);
    statisticsContract(() => store);
    rollupsContract(() => store, 15);
  });

  describe('events of several partitions', () => {
    let harness: StoreHarness;
    let store: OpenStore;
    /** One in each of four partitions. */
    let events: Event[];
    beforeAll(async () => {
      harness = await openHarness();
      ({ store } = harness);
      events = [];
      for (let partition = 0; partition < 4; partition++) {
        if (partition > 0) expect(await store.keepPartitions({ maxEvents: 0 })).toBe(partition);
        events.push(...(await putEvents(store, recordedIn(partition, 1))));
      }
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    test('are completed in whatever partition they are, and have the index of the last report', async () => {
      const [first] = events as [Event];
      const [completed] = await putEvents(store, [
        report({ id: first.id, message: 'over', endTime: first.time + 1 }),
      ]);
      expect(completed).toMatchObject({ id: first.id, message: 'over', tags: ['0'] });
      expect(await store.event(first.id)).toEqual(completed);
      expect(await store.count(rowsOnly)).toBe(4);
      expect((await store.reports([first.id])).get(first.id)).toHaveLength(2);
      expect((await store.after(0, 10)).at(-1)).toEqual(completed);
    });

    test('have one id each, wherever a report of it comes', async () => {
      const before = await store.count(rowsOnly);
      const [, second, third] = events as [Event, Event, Event];
      const repeated = await put(store, [
        report({ id: second.id, message: 'a' }),
        report({ id: third.id, message: 'b' }),
        report({ id: second.id, message: 'a' }),
      ]);
      expect(repeated.map(({ changed }) => changed)).toEqual([true, true, false]);
      expect(await store.count(rowsOnly)).toBe(before);
      expect(await store.event(second.id)).toMatchObject({ message: 'a' });
    });

    test('a report whose id was made here, and which comes again after another partition has begun, changes nothing', async () => {
      const said = report({ message: 'once', generatedId: true });
      await put(store, [said]);
      await store.keepPartitions({ maxEvents: 0 });
      const before = await store.count(rowsOnly);
      await put(store, [{ ...said, message: 'again' }, report()]);
      expect(await store.count(rowsOnly)).toBe(before + 1);
      expect(await store.event(said.id)).toMatchObject({ message: 'once' });
    });

    test('are read in order, in pages and as a feed', async () => {
      for (let partition = 0; partition < 3; partition++) {
        await putEvents(store, recordedIn(partition, 7));
        await store.keepPartitions({ maxEvents: 0 });
      }
      // Out of the order of the partitions.
      const ids = (await store.after(0, 100)).map(({ id }) => id);
      for (const id of [ids[3], ids[11], ids[1]] as string[]) {
        await put(store, [report({ id, message: 'later', time: begin + 3 * hour })]);
      }
      const all = await store.after(0, 100);
      expect(all.map(({ index }) => index)).toEqual(
        all.map(({ index }) => index).toSorted((a, b) => a - b),
      );
      for (const order of ['TIME_ASC', 'TIME_DESC', 'INDEX_ASC', 'INDEX_DESC'] as const) {
        expect(await inPages(order)).toEqual(all.toSorted(by(order)));
      }
      const middle = all[5] as Event;
      expect(await store.after(middle.index, 100)).toEqual(all.slice(6));
    });

    const inPages = async (order: EventOrder): Promise<Event[]> => {
      const read: Event[] = [];
      for (;;) {
        const after = read.at(-1);
        const page = await store.page({
          filter: {},
          order,
          limit: 4,
          ...(after === undefined ? {} : { after }),
        });
        read.push(...page.events);
        if (!page.more) return read;
      }
    };
  });

  describe('retention', () => {
    let harness: StoreHarness;
    let store: OpenStore;
    beforeAll(async () => {
      harness = await openHarness();
      ({ store } = harness);
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    test('drops a partition when all of its events have expired, with what was counted of it', async () => {
      for (const partition of [0, 1, 2]) {
        await put(store, recordedIn(partition, 40));
        await store.keepPartitions({ maxEvents: 0 });
      }
      await countAll(store);
      const totals = await store.totals(['A', 'B']);
      const last = (await store.after(0, 80)).at(79)?.index;
      expect(await store.expire(begin + 2 * hour)).toBe(80);
      expect(await store.firstIndex()).toBe(last);
      expect(await countsOf(store)).toEqual(await countsOf(store, rowsOnly));
      expect(await store.count({})).toBe(40);
      expect(await store.totals(['A', 'B'])).toEqual(totals);
      await store.rebuildRollups();
      await countAll(store);
      expect(await countsOf(store)).toEqual(await countsOf(store, rowsOnly));
      expect(await store.expire(begin + 2 * hour)).toBe(0);
    });

    test('deletes the expired events of a partition that has others, and drops it after the last has expired', async () => {
      await put(store, recordedIn(2, 10));
      const [late] = await putEvents(store, recordedIn(4, 1));
      await store.keepPartitions({ maxEvents: 0 });
      await put(store, recordedIn(6, 5));
      await countAll(store);
      expect(await store.expire(begin + 4 * hour)).toBe(50);
      expect(await countsOf(store)).toEqual(await countsOf(store, rowsOnly));
      expect((await store.after(0, 10)).map(({ id }) => id)).toContain(late?.id);
      // It counts as recorded with its last report.
      await put(store, [report({ id: late?.id as string, recordedAt: begin + 8 * hour })]);
      expect(await store.expire(begin + 7 * hour)).toBe(5);
      expect(await store.count({})).toBe(1);
      await countAll(store);
      expect(await store.expire(begin + 9 * hour)).toBe(1);
      expect(await countsOf(store)).toEqual(await countsOf(store, rowsOnly));
      expect(await store.count({})).toBe(0);
    });

    test('leaves expired events for as long as their partition may have others, and deletes them one by one after that', async () => {
      // Hours after `begin`.
      const expire = (hours: number, grace: number) =>
        store.expire(begin + hours * hour, grace * hour);
      const left = async () => (await store.after(0, 100)).map(({ tags }) => tags[0]);
      await put(store, [...recordedIn(10, 2), ...recordedIn(11, 2), ...recordedIn(12, 2)]);
      await store.keepPartitions({ maxEvents: 0 });
      await put(store, recordedIn(13, 2));
      await countAll(store);
      const last = await store.lastIndex();
      expect(await expire(12, 3)).toBe(0);
      expect(await left()).toEqual(['10', '10', '11', '11', '12', '12', '13', '13']);
      expect(await expire(12, 1)).toBe(2);
      expect(await left()).toEqual(['11', '11', '12', '12', '13', '13']);
      expect(await store.firstIndex()).toBe(last - 6);
      expect(await expire(13, 3)).toBe(4);
      expect(await left()).toEqual(['13', '13']);
      expect(await store.firstIndex()).toBe(last - 2);
      expect(await countsOf(store)).toEqual(await countsOf(store, rowsOnly));
      // The current partition is not dropped.
      expect(await expire(15, 3)).toBe(0);
      expect(await expire(15, 1)).toBe(2);
      expect(await countsOf(store)).toEqual(await countsOf(store, rowsOnly));
    });

    test('drops the partition of events that were completed since, and keeps those', async () => {
      const [one, other] = await putEvents(store, recordedIn(15, 5));
      await store.keepPartitions({ maxEvents: 0 });
      const [completed] = await putEvents(store, [
        report({ id: one?.id as string, message: 'over', recordedAt: begin + 17 * hour }),
      ]);
      await countAll(store);
      expect(await store.expire(begin + 16 * hour, 5 * hour)).toBe(4);
      expect(await store.after(0, 10)).toEqual([completed]);
      expect(await store.event(other?.id as string)).toBeNull();
      expect(await countsOf(store)).toEqual(await countsOf(store, rowsOnly));
      expect(await store.expire(begin + 18 * hour)).toBe(1);
    });

    test('deletes events that are in no rollup yet', async () => {
      await put(store, recordedIn(18, 20));
      await store.keepPartitions({ maxEvents: 0 });
      await put(store, recordedIn(20, 3));
      const totals = await store.totals(['A', 'B']);
      expect(await store.expire(begin + 19 * hour)).toBe(20);
      expect(await store.totals(['A', 'B'])).toEqual(totals);
      await countAll(store);
      expect(await countsOf(store)).toEqual(await countsOf(store, rowsOnly));
    });

    test('frees the ids of a partition that it drops', async () => {
      const id = randomUUID();
      await put(store, [report({ id, message: 'first', recordedAt: begin + 20 * hour })]);
      await store.keepPartitions({ maxEvents: 0 });
      await countAll(store);
      await store.expire(begin + 21 * hour);
      expect(await store.event(id)).toBeNull();
      const [next] = await put(store, [report({ id, namespace: 'other', message: 'second' })]);
      expect(next).toMatchObject({ changed: true });
      expect(await store.event(id)).toMatchObject({ namespace: 'other', message: 'second' });
    });
  });
}

const recordedIn = (partition: number, count: number) =>
  Array.from({ length: count }, (_, n) =>
    report({
      category: n % 3 === 0 ? 'A' : 'B',
      tags: [String(partition)],
      time: begin + partition * hour + n * 1_000_000,
      recordedAt: begin + partition * hour + n,
    }),
  );

const by =
  (order: EventOrder) =>
  (a: Event, b: Event): number => {
    const ascending = order.startsWith('TIME')
      ? a.time - b.time || a.index - b.index
      : a.index - b.index;
    return order.endsWith('ASC') ? ascending : -ascending;
  };

const countsOf = async (store: OpenStore, also: Filter = {}) => [
  await store.aggregate({
    filter: also,
    measure: null,
    groupBy: [{ by: 'field', field: 'TYPE' }],
    intervalMicros: hour,
    timeZone: 'UTC',
    percentiles: [],
    limit: 1_000,
  }),
  await store.tags({ filter: also, prefix: '', limit: 100 }),
  await store.count(also),
];
