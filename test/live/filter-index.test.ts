import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/event/event.ts';
import type { Filter } from '../../src/event/filter.ts';
import { compileFilter } from '../../src/event/matcher.ts';
import { FilterIndex, type Registration } from '../../src/live/filter-index.ts';
import { events, filters } from '../event/arbitraries.ts';
import { countReads } from '../steps.ts';
import { change } from './change.ts';

function found(index: FilterIndex<number>, event: Event): number[] {
  const targets: number[] = [];
  index.match(event, (target) => targets.push(target));
  return targets.sort((a, b) => a - b);
}

const topic = (category: string | null, key: string | null) => ({ category, key });
const types = (exact: string[], globs: string[] = []) => ({
  exact,
  globs,
  notExact: [],
  notGlobs: [],
});

describe('the filter index', () => {
  test('finds exactly the filters that match, each once, whatever was added and removed before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(filters, fc.boolean()), { maxLength: 30 }),
        fc.array(events, { minLength: 1, maxLength: 10 }),
        (given, happened) => {
          const index = new FilterIndex<number>();
          const added = given.map(([filter], n) => index.add(filter, n));
          const all = given.map(([filter, stays], n) => ({ filter, stays, n }));
          const left = all.filter(({ stays }) => stays);
          const gone = all.filter(({ stays }) => !stays);
          for (const { n } of gone) index.remove(added[n] as Registration<number>);
          for (const event of happened) {
            const expected = left.filter(({ filter }) => compileFilter(filter)(event));
            expect(found(index, event)).toEqual(expected.map(({ n }) => n));
          }
          expect(index.size).toBe(left.length);
          for (const { n } of left) index.remove(added[n] as Registration<number>);
          expect([index.size, index.entries]).toEqual([0, 0]);
        },
      ),
      { numRuns: 300 },
    );
  });

  test.each<[string, Filter, Partial<Event>, Partial<Event>]>([
    ['ids', { ids: [change().id] }, {}, {}],
    ['a key', { keys: ['k'] }, { key: 'k' }, { key: 'j' }],
    ['a filter key', { keys: ['k'] }, { filterKeys: ['k'] }, { filterKeys: ['j'] }],
    ['an exact type', { types: types(['A.b']) }, { category: 'A', action: 'b' }, { category: 'B' }],
    ['a category', { categories: ['A'] }, { category: 'A' }, { category: 'B' }],
    ['topics', { topics: [topic('A', null), topic(null, 'k')] }, { key: 'k' }, { key: 'j' }],
    ['one of several tags', { anyTags: ['a', 'b'] }, { tags: ['b'] }, { tags: ['c'] }],
    [
      'an integer trait by a float',
      { traits: [{ name: 't', op: 'EQ', operand: { type: 'FLOAT', value: 1 } }] },
      { traits: [{ name: 't', type: 'INT', value: 1 }] },
      { traits: [{ name: 't', type: 'DATETIME', value: 1 }] },
    ],
    ['a node', { source: { node: 'n' } }, { source: { ...change().source, node: 'n' } }, {}],
    [
      'any of branches that can be looked up',
      { any: [{ keys: ['k'] }, { namespaces: ['n'], types: types([], ['*']) }] },
      { namespace: 'n' },
      { namespace: 'm' },
    ],
  ])('looks up %s', (_, filter, matching, other) => {
    const index = new FilterIndex<number>();
    const { terms } = index.add(filter, 1);
    expect(terms).not.toBeNull();
    if (filter.ids === undefined) {
      expect(found(index, change(matching))).toEqual([1]);
      expect(found(index, change(other))).toEqual([]);
    }
  });

  test.each<[string, Filter]>([
    ['nothing', {}],
    ['globs', { types: types(['A'], ['B*']) }],
    ['a topic of everything', { topics: [topic('A', null), topic(null, null)] }],
    ['an exclusion', { not: { keys: ['k'] } }],
    ['ranges', { time: { from: 1, to: null }, ended: true }],
    ['any of branches of which one cannot be looked up', { any: [{ keys: ['k'] }, {}] }],
  ])('tries every event for a filter of %s', (_, filter) => {
    expect(new FilterIndex<number>().add(filter, 1).terms).toBeNull();
  });

  test('a filter that cannot match is never found', () => {
    const index = new FilterIndex<number>();
    expect(index.add({ keys: [] }, 1).terms).toEqual([]);
    expect(found(index, change())).toEqual([]);
  });

  test('filters that share a term are registered under the terms that distinguish them', () => {
    const index = new FilterIndex<number>();
    for (let n = 0; n < 100; n++) {
      const { terms } = index.add({ tags: ['all', `own:${n}`], types: types(['A']) }, n);
      if (n > 0) expect(terms?.map(({ value }) => value)).toEqual([`own:${n}`]);
    }
  });

  test('reads the event no more often with fifty thousand filters than with a hundred', () => {
    const readsAmong = (count: number): number => {
      const index = new FilterIndex<number>();
      for (let n = 0; n < count; n++) index.add({ keys: [`k${n}`], ended: false }, n);
      const event = change({ key: `k${count - 1}`, filterKeys: ['a', 'b'], tags: ['c'] });
      const { counted, reads } = countReads(event);
      index.match(counted, () => {});
      return reads();
    };
    expect(readsAmong(50_000)).toBe(readsAmong(100));
  });
});
