import { expect, test } from 'vitest';
import { SelectivityCache } from '../../../src/store/read/selectivity-cache.ts';

const filter = { tags: ['rare'] };

test('a selectivity is remembered for a minute, whatever the span of time', () => {
  const selectivities = new SelectivityCache();
  expect(selectivities.of(filter, 0)).toBe('dense');
  selectivities.set({ ...filter, time: { from: 5, to: null } }, 'sparse', 0);
  expect(selectivities.of(filter, 59_999)).toBe('sparse');
  expect(selectivities.of({ ...filter, time: { from: null, to: 9 } }, 59_999)).toBe('sparse');
  expect(selectivities.of({ tags: ['other'] }, 0)).toBe('dense');
  selectivities.set(filter, 'unknown', 59_999);
  expect(selectivities.of(filter, 60_000)).toBe('unknown');
  expect(selectivities.of(filter, 119_999)).toBe('dense');
});

test('ids and keys count as sparse, until more events were found', () => {
  const selectivities = new SelectivityCache();
  const keyed = { keys: ['volume-7'], tags: ['common'] };
  expect(selectivities.of({ ids: ['0192f0c4-0000-7000-8000-000000000000'] }, 0)).toBe('sparse');
  expect(selectivities.of(keyed, 0)).toBe('sparse');
  selectivities.set(keyed, 'unknown', 0);
  expect(selectivities.of(keyed, 0)).toBe('unknown');
});

test('after a thousand filters, all are forgotten', () => {
  const selectivities = new SelectivityCache();
  for (let n = 0; n < 1_000; n += 1) selectivities.set({ tags: [`${n}`] }, 'sparse', 0);
  expect(selectivities.of({ tags: ['0'] }, 0)).toBe('sparse');
  selectivities.set(filter, 'sparse', 0);
  expect([selectivities.of({ tags: ['0'] }, 0), selectivities.of(filter, 0)]).toEqual([
    'dense',
    'sparse',
  ]);
});
