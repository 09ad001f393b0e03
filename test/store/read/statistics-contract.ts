import { beforeAll, describe, expect, test } from 'vitest';
import type { Report } from '../../../src/event/event.ts';
import { everything, type Filter } from '../../../src/event/filter.ts';
import type { OpenStore } from '../../../src/store/open.ts';
import type { AggregateRequest, AggregateRow } from '../../../src/store/store.ts';
import { report } from '../../journal/report.ts';
import { empty, put } from '../harness.ts';

const second = 1_000_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const at = (text: string) => Date.parse(text) * 1_000;

/** Counts and measurements of the store, for any database. */
export function statisticsContract(storeOf: () => OpenStore): void {
  let store: OpenStore;
  beforeAll(() => {
    store = storeOf();
  });

  const aggregate = (request: Partial<AggregateRequest>): Promise<AggregateRow[]> =>
    store.aggregate({
      filter: everything,
      measure: { of: 'value', path: [] },
      groupBy: [],
      intervalMicros: null,
      timeZone: 'UTC',
      percentiles: [],
      limit: 100,
      ...request,
    });
  const holding = async (...reports: Partial<Report>[]) => {
    await empty(store);
    await put(store, reports.map(report));
  };

  describe('statistics', () => {
    test('without groups there is one row, even for no events', async () => {
      await holding({ value: 1 }, { value: 2.5 }, { value: 4 }, { value: 'no number' }, {});
      expect(await aggregate({ percentiles: [0, 0.5, 0.25, 1] })).toEqual([
        {
          group: [],
          bucket: null,
          count: 5,
          measured: 3,
          average: 2.5,
          min: 1,
          max: 4,
          sum: 7.5,
          percentiles: [1, 2.5, 1.75, 4],
        },
      ]);
      expect(await aggregate({ filter: { tags: ['none'] }, percentiles: [0.5] })).toEqual([
        {
          group: [],
          bucket: null,
          count: 0,
          measured: 0,
          average: null,
          min: null,
          max: null,
          sum: null,
          percentiles: [null],
        },
      ]);
    });

    test('measures inside the value, traits and durations', async () => {
      await holding(
        { value: { a: { b: 3 } }, traits: [{ name: "x'", type: 'INT', value: 5 }] },
        { value: { a: { b: '3' } }, traits: [{ name: "x'", type: 'FLOAT', value: 5.5 }] },
        { traits: [{ name: "x'", type: 'TEXT', value: '9' }], time: 0, endTime: 1_500_000 },
        { traits: [{ name: "x'", type: 'DATETIME', value: 9 }], time: 0, endTime: 0 },
      );
      const stats = async (measure: AggregateRequest['measure']) => {
        const [row] = await aggregate({ measure });
        return [row?.count, row?.measured, row?.sum];
      };
      expect(await stats({ of: 'value', path: ['a', 'b'] })).toEqual([4, 1, 3]);
      expect(await stats({ of: 'trait', name: "x'" })).toEqual([4, 2, 10.5]);
      expect(await stats({ of: 'duration' })).toEqual([4, 2, 1.5]);
      expect(await stats(null)).toEqual([4, 0, null]);
    });

    test('groups come largest first, with null for a missing field', async () => {
      await holding(
        { category: 'a', severity: 'ERROR', key: 'k' },
        { category: 'a', key: 'k' },
        { category: 'a', severity: 'NORMAL' },
        { category: 'b', action: 'c', key: 'l' },
      );
      const groups = async (...fields: ('SEVERITY' | 'TYPE' | 'KEY' | 'NODE')[]) =>
        (await aggregate({ groupBy: fields.map((field) => ({ by: 'field', field })) })).map(
          ({ group, count }) => [...group, count],
        );
      expect(await groups('SEVERITY')).toEqual([
        ['NORMAL', 3],
        ['ERROR', 1],
      ]);
      expect(await groups('KEY', 'TYPE')).toEqual([
        ['k', 'a', 2],
        ['l', 'b.c', 1],
        [null, 'a', 1],
      ]);
      expect(await groups('NODE')).toEqual([[null, 4]]);
      expect((await aggregate({ groupBy: [{ by: 'field', field: 'KEY' }], limit: 1 })).length).toBe(
        1,
      );
    });

    test('groups by the labels of a tag group and by a trait', async () => {
      await holding(
        { tags: ['deployments', 'deployments:a', 'deployments:a:b'] },
        { tags: ['deployments', 'deployments:a'] },
        { tags: ['deploymentsx:a'] },
        { traits: [{ name: 't', type: 'INT', value: 5 }] },
        { traits: [{ name: 't', type: 'FLOAT', value: 5 }] },
        { traits: [{ name: 't', type: 'FLOAT', value: 1e300 }] },
        { traits: [{ name: 't', type: 'DATETIME', value: at('2026-11-20T08:15:30.120Z') }] },
        { traits: [{ name: 't', type: 'DATETIME', value: at('2026-11-20T08:15:30.120Z') + 3 }] },
      );
      const counts = async (groupBy: AggregateRequest['groupBy'][number]) =>
        Object.fromEntries(
          (await aggregate({ groupBy: [groupBy] })).map(({ group, count }) => [group[0], count]),
        );
      expect(await counts({ by: 'tagGroup', group: 'deployments' })).toEqual({
        a: 2,
        'a:b': 1,
        null: 6,
      });
      expect(await counts({ by: 'trait', trait: 't' })).toEqual({
        5: 2,
        '1e+300': 1,
        '2026-11-20T08:15:30.120Z': 1,
        '2026-11-20T08:15:30.120003Z': 1,
        null: 3,
      });
    });
  });

  describe('time buckets', () => {
    const buckets = async (request: Partial<AggregateRequest>) =>
      (await aggregate({ measure: null, ...request })).map(({ group, bucket, count }) => [
        ...group,
        new Date((bucket ?? 0) / 1_000).toISOString(),
        count,
      ]);
    const times = (...times: string[]) => times.map((time) => ({ time: at(time) }));

    test('shorter than a day count from 1970, and the empty ones between are there', async () => {
      await holding(
        ...times('2026-01-01T10:00:00Z', '2026-01-01T10:06:59.999Z', '2026-01-01T10:21:00Z'),
      );
      expect(await buckets({ intervalMicros: 7 * minute })).toEqual([
        ['2026-01-01T09:55:00.000Z', 1],
        ['2026-01-01T10:02:00.000Z', 1],
        ['2026-01-01T10:09:00.000Z', 0],
        ['2026-01-01T10:16:00.000Z', 1],
      ]);
      expect(await buckets({ intervalMicros: 7 * minute, limit: 3 })).toHaveLength(3);
      expect(await buckets({ intervalMicros: hour, filter: { tags: ['none'] } })).toEqual([]);
    });

    test('every group has its row in every bucket, the largest group first', async () => {
      await holding(
        { time: 0, key: 'a', value: 2 },
        { time: 2 * hour, key: 'b', value: 3 },
        { time: 2 * hour + 1, key: 'b', value: 5 },
        { time: 2 * hour, key: 'a' },
        { time: 2 * hour, key: 'b' },
      );
      const groupBy = [{ by: 'field', field: 'KEY' } as const];
      expect(await buckets({ intervalMicros: hour, groupBy })).toEqual([
        ['b', '1970-01-01T00:00:00.000Z', 0],
        ['a', '1970-01-01T00:00:00.000Z', 1],
        ['b', '1970-01-01T01:00:00.000Z', 0],
        ['a', '1970-01-01T01:00:00.000Z', 0],
        ['b', '1970-01-01T02:00:00.000Z', 3],
        ['a', '1970-01-01T02:00:00.000Z', 1],
      ]);
      const rows = await aggregate({ intervalMicros: hour, groupBy, percentiles: [0.5] });
      expect(rows.map(({ measured, sum, percentiles }) => [measured, sum, ...percentiles])).toEqual(
        [
          [0, null, null],
          [1, 2, 2],
          [0, null, null],
          [0, null, null],
          [2, 8, 4],
          [0, null, null],
        ],
      );
      expect(await buckets({ intervalMicros: hour, groupBy, limit: 3 })).toHaveLength(3);
    });

    test('days begin at midnight in the time zone, also when the clocks change', async () => {
      // 2026-03-29 has 23 hours in Berlin, 2026-10-25 has 25.
      await holding(
        ...times('2026-03-28T22:59:59Z', '2026-03-28T23:00:00Z', '2026-03-29T21:59:59Z'),
        ...times('2026-03-29T22:00:00Z'),
      );
      const timeZone = 'Europe/Berlin';
      expect(await buckets({ intervalMicros: day, timeZone })).toEqual([
        ['2026-03-27T23:00:00.000Z', 1],
        ['2026-03-28T23:00:00.000Z', 2],
        ['2026-03-29T22:00:00.000Z', 1],
      ]);
      await holding(
        ...times('2026-10-24T22:00:00Z', '2026-10-25T22:59:59Z', '2026-10-26T23:00:00Z'),
      );
      expect(await buckets({ intervalMicros: day, timeZone })).toEqual([
        ['2026-10-24T22:00:00.000Z', 2],
        ['2026-10-25T23:00:00.000Z', 0],
        ['2026-10-26T23:00:00.000Z', 1],
      ]);
    });

    test('a day that the time zone skipped has no events', async () => {
      // Samoa went from 2011-12-29 to 2011-12-31, which begins at the same instant as the day between would.
      await holding(...times('2011-12-29T12:00:00Z', '2011-12-30T12:00:00Z'));
      const samoa = { intervalMicros: day, timeZone: 'Pacific/Apia' };
      for (const filter of [everything, { not: { ids: [] } }]) {
        expect((await buckets({ ...samoa, filter })).map(([, count]) => count)).toEqual([1, 0, 1]);
      }
    });

    test('weeks begin on Monday', async () => {
      await holding(
        ...times('2026-11-22T22:59:59Z', '2026-11-22T23:00:00Z', '1969-12-31T00:00:00Z'),
      );
      const recent = { from: at('2026-01-01T00:00:00Z'), to: null };
      const week = { intervalMicros: 7 * day, timeZone: 'Europe/Berlin' };
      expect(await buckets({ ...week, filter: { time: recent } })).toEqual([
        ['2026-11-15T23:00:00.000Z', 1],
        ['2026-11-22T23:00:00.000Z', 1],
      ]);
      expect(await buckets({ ...week, filter: { time: { from: null, to: 0 } } })).toEqual([
        ['1969-12-28T23:00:00.000Z', 1],
      ]);
    });

    test.each([
      [{ intervalMicros: 36 * hour }, ['interval'], 'whole days'],
      [{ intervalMicros: second }, ['interval'], 'at most 10000'],
      [{ intervalMicros: day, timeZone: 'Mars/Olympus' }, ['timeZone'], 'not a time zone'],
    ])('rejects %j', async (request, argument, sentence) => {
      await holding(...times('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'));
      await expect(buckets(request)).rejects.toMatchObject({ name: 'InputError', argument });
      await expect(buckets(request)).rejects.toThrow(sentence);
    });

    test('numbers too large to add up are the caller’s mistake', async () => {
      await holding({ value: 1.7e308 }, { value: 1.7e308 });
      await expect(aggregate({})).rejects.toMatchObject({
        name: 'InputError',
        argument: ['measure'],
      });
    });
  });

  describe('the catalogue', () => {
    test('tags, most used first', async () => {
      await holding({ tags: ['a', 'a:x'] }, { tags: ['a', 'a:y'], key: 'k' }, { tags: ['b'] });
      const tags = { prefix: '', filter: everything, limit: 10 };
      expect(await store.tags(tags)).toEqual([
        { tag: 'a', count: 2 },
        { tag: 'a:x', count: 1 },
        { tag: 'a:y', count: 1 },
        { tag: 'b', count: 1 },
      ]);
      expect(await store.tags({ ...tags, prefix: 'a:', limit: 1 })).toEqual([
        { tag: 'a:x', count: 1 },
      ]);
      expect(await store.tags({ ...tags, filter: { keys: ['k'] } })).toEqual([
        { tag: 'a', count: 1 },
        { tag: 'a:y', count: 1 },
      ]);
    });

    test('types and the traits of each, of all events that were ever stored', async () => {
      const traits = [
        { name: 'size', type: 'INT', value: 1 },
        { name: 'state', type: 'TEXT', value: 'x' },
      ] as const;
      await holding(
        { category: 'Disk', action: 'Attach', traits },
        { category: 'Disk', traits: [{ name: 'size', type: 'FLOAT', value: 1 }] },
        { category: 'Disk', action: 'Attach', traits },
        { category: 'Card' },
      );
      expect(await store.types(['Disk', 'Card'])).toEqual([
        { category: 'Card', action: null },
        { category: 'Disk', action: null },
        { category: 'Disk', action: 'Attach' },
      ]);
      expect(await store.types(null)).toContainEqual({ category: 'Disk', action: 'Attach' });
      expect(await store.traitDescriptors(['Disk', 'Disk.Attach'])).toEqual([
        { eventType: 'Disk', name: 'size', type: 'FLOAT' },
        { eventType: 'Disk.Attach', name: 'size', type: 'INT' },
        { eventType: 'Disk.Attach', name: 'state', type: 'TEXT' },
      ]);
      expect(await store.traitDescriptors([])).toEqual([]);
    });

    test('types and traits of the events that pass a filter, and of no others', async () => {
      const [a, b, nowhere] = ['catalogue-a', 'catalogue-b', 'catalogue-c'];
      const traits = [{ name: 'size', type: 'INT', value: 1 }] as const;
      await holding(
        { namespace: a, category: 'Lamp', action: 'On', key: 'k1', traits },
        { namespace: b, category: 'Lamp', action: 'Off', key: 'k2', traits },
        { namespace: b, category: 'Fan' },
      );
      const on = { category: 'Lamp', action: 'On' };
      const off = { category: 'Lamp', action: 'Off' };
      const fan = { category: 'Fan', action: null };
      // By the catalogue of types, and by the events themselves.
      for (const more of [{}, { keys: ['k1', 'k2'] }]) {
        const known = (filter: Filter) => store.types(null, { ...filter, ...more });
        expect(await known({ namespaces: [a] })).toEqual([on]);
        expect(await known({ namespaceGlobs: ['catalogue-[ac]'] })).toEqual([on]);
        expect(await known({ namespaces: [nowhere] })).toEqual([]);
        expect(await known({ namespaces: [a, b], categories: ['Lamp'] })).toEqual([off, on]);
        const filter = { namespaces: [b], ...more };
        expect(await store.types(['Lamp'], filter)).toEqual([off]);
        expect(await store.traitDescriptors(null, filter)).toEqual([
          { eventType: 'Lamp.Off', name: 'size', type: 'INT' },
        ]);
        expect(await store.traitDescriptors(['Lamp.On'], filter)).toEqual([]);
      }
      expect(await store.types(null, { namespaces: [b] })).toEqual([fan, off]);
      expect(await store.types(['Lamp', 'Fan'])).toEqual([fan, off, on]);
    });
  });
}
