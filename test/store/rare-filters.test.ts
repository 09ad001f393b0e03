import { expect, test } from 'vitest';
import { RareFilters } from '../../src/store/rare-filters.ts';

const filter = { tags: ['rare'] };

test('a filter is remembered for a minute, whatever its span of time', () => {
  const rare = new RareFilters();
  expect(rare.has(filter, 0)).toBe(false);
  rare.add({ ...filter, time: { from: 5, to: null } }, 0);
  expect(rare.has(filter, 59_999)).toBe(true);
  expect(rare.has({ ...filter, time: { from: null, to: 9 } }, 59_999)).toBe(true);
  expect(rare.has({ tags: ['other'] }, 0)).toBe(false);
  expect(rare.has(filter, 60_000)).toBe(false);
});

test('of an id or a key there are few', () => {
  const rare = new RareFilters();
  expect(rare.has({ ids: ['0192f0c4-0000-7000-8000-000000000000'] })).toBe(true);
  expect(rare.has({ keys: ['volume-7'], tags: ['common'] })).toBe(true);
});

test('a thousand are remembered, then all are forgotten', () => {
  const rare = new RareFilters();
  for (let n = 0; n < 1_000; n += 1) rare.add({ tags: [`${n}`] }, 0);
  expect(rare.has({ tags: ['0'] }, 0)).toBe(true);
  rare.add(filter, 0);
  expect([rare.has({ tags: ['0'] }, 0), rare.has(filter, 0)]).toEqual([false, true]);
});
