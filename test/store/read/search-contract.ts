import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Event } from '../../../src/event/event.ts';
import { everything } from '../../../src/event/filter.ts';
import { compileFilter } from '../../../src/event/matcher.ts';
import type { OpenStore } from '../../../src/store/open.ts';
import type { EventOrder, PageRequest } from '../../../src/store/store.ts';
import { filters, reports } from '../../event/arbitraries.ts';
import { report } from '../../journal/report.ts';
import { empty, putEvents } from '../harness.ts';

const byIndex = (a: Event, b: Event) => a.index - b.index;
const byTime = (a: Event, b: Event) => a.time - b.time || byIndex(a, b);

const comparisons: Readonly<Record<EventOrder, (a: Event, b: Event) => number>> = {
  TIME_ASC: byTime,
  TIME_DESC: (a, b) => byTime(b, a),
  INDEX_ASC: byIndex,
  INDEX_DESC: (a, b) => byIndex(b, a),
};
const orders = Object.keys(comparisons) as EventOrder[];

/** Searches of the store, for any database. */
export function searchContract(storeOf: () => OpenStore, runs: number): void {
  describe('search', () => {
    let store: OpenStore;
    let events: readonly Event[];

    beforeAll(async () => {
      store = storeOf();
      await empty(store);
      const drawn = fc.sample(
        fc.uniqueArray(reports, { minLength: 250, maxLength: 250, selector: ({ id }) => id }),
        1,
      )[0];
      events = await putEvents(store, drawn ?? []);
    });

    const all = (request: Partial<PageRequest>) =>
      store.page({ filter: everything, order: 'TIME_DESC', limit: 1_000, ...request });

    test('gives events back as they were written', async () => {
      expect((await all({ order: 'INDEX_ASC' })).events).toEqual(events);
      expect(await store.after(0, 1_000)).toEqual(events);
      expect(await store.event(events[7]?.id as string)).toEqual(events[7]);
      expect(await store.event('0192f0c4-0000-7000-8000-000000000000')).toBeNull();
    });

    test('finds the events that the matcher matches, in order', async () => {
      await fc.assert(
        fc.asyncProperty(filters, fc.constantFrom(...orders), async (filter, order) => {
          const matching = events.filter(compileFilter(filter)).sort(comparisons[order]);
          const { events: found, more } = await all({ filter, order });
          expect(found.map(({ index }) => index)).toEqual(matching.map(({ index }) => index));
          expect(more).toBe(false);
          expect(await store.count(filter)).toBe(matching.length);
        }),
        { numRuns: runs },
      );
    });

    test('a page is the first matching events, whether the first events fill it or not', async () => {
      const anyPage = fc.record({
        filter: filters,
        order: fc.constantFrom(...orders),
        limit: fc.integer({ min: 1, max: 20 }),
        skip: fc.integer({ min: 0, max: 5 }),
        fromEnd: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(anyPage, async ({ filter, order, limit, skip, fromEnd }) => {
          const matching = events.filter(compileFilter(filter)).sort(comparisons[order]);
          const { events: found, more } = await all({ filter, order, limit, skip, fromEnd });
          const left = fromEnd ? matching.toReversed().slice(skip) : matching.slice(skip);
          const wanted = left.slice(0, limit);
          expect(found).toEqual(fromEnd ? wanted.reverse() : wanted);
          expect(more).toBe(left.length > limit);
        }),
        { numRuns: runs },
      );
    });

    test.each(orders)('pages of %s, forward and backward, have every event once', async (order) => {
      const sorted = events.toSorted(comparisons[order]);
      const forward: Event[] = [];
      for (let more = true; more; ) {
        const after = forward.at(-1);
        const page = await all({ order, limit: 60, ...(after && { after }) });
        forward.push(...page.events);
        ({ more } = page);
      }
      expect(forward).toEqual(sorted);

      const backward: Event[] = [];
      for (let more = true; more; ) {
        const before = backward[0];
        const page = await all({ order, limit: 60, fromEnd: true, ...(before && { before }) });
        backward.unshift(...page.events);
        ({ more } = page);
      }
      expect(backward).toEqual(sorted);
    });

    test('a page between two positions, from either end, or after skipped events', async () => {
      const sorted = events.toSorted(comparisons.TIME_ASC);
      const between = {
        order: 'TIME_ASC' as const,
        after: sorted[10] as Event,
        before: sorted[20] as Event,
      };
      expect((await all(between)).events).toEqual(sorted.slice(11, 20));
      expect(await all({ ...between, limit: 4 })).toEqual({
        events: sorted.slice(11, 15),
        more: true,
      });
      expect(await all({ ...between, limit: 4, fromEnd: true })).toEqual({
        events: sorted.slice(16, 20),
        more: true,
      });
      expect(await all({ ...between, limit: 4, skip: 6 })).toEqual({
        events: sorted.slice(17, 20),
        more: false,
      });
    });

    test('events of one instant are ordered by their index', async () => {
      const tag = 'of one instant';
      const same = await putEvents(
        store,
        Array.from({ length: 5 }, () => report({ tags: [tag], time: 1e15 })),
      );
      const page = { filter: { tags: [tag] }, order: 'TIME_DESC' as const, limit: 2 };
      const first = await store.page(page);
      const second = await store.page({ ...page, after: first.events[1] as Event });
      expect([...first.events, ...second.events]).toEqual(same.slice(1).reverse());
    });

    test('a tag that the newest events lack is found, rare or common', async () => {
      const said = (count: number, tag: string, time: number) =>
        Array.from({ length: count }, (_, n) => report({ tags: [tag], time: time + n }));
      const few = await putEvents(store, said(7, 'rare', 2e15));
      const many = await putEvents(store, said(1_100, 'long ago', 2e15));
      await putEvents(store, said(100, 'new', 3e15));
      for (const of of [few, many]) {
        const filter = { tags: of[0]?.tags ?? [], time: { from: 2e15 + 2, to: null } };
        const page = { filter, order: 'TIME_DESC' as const, limit: 4 };
        const within = of.slice(2).reverse();
        // Twice: the second time its selectivity is known.
        for (const _ of ['first', 'second']) {
          const first = await store.page(page);
          expect(first).toEqual({ events: within.slice(0, 4), more: true });
          const second = await store.page({ ...page, after: first.events[3] as Event });
          expect(second).toEqual({ events: within.slice(4, 8), more: within.length > 8 });
        }
      }
      expect(await all({ filter: { tags: ['nobody’s'] }, limit: 4 })).toEqual({
        events: [],
        more: false,
      });
    });

    test('events come after an index, at most `limit` at once', async () => {
      const [third, fourth] = [events[2] as Event, events[3] as Event];
      expect(await store.after(third.index, 1)).toEqual([fourth]);
      expect(await store.after(await store.lastIndex(), 10)).toEqual([]);
    });
  });
}
