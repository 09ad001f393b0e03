import { expect, test } from 'vitest';
import { SelectivityCache } from '../../../src/store/read/selectivity-cache.ts';

const filter = { tags: ['rare'] };

test('a frequency is remembered for a minute, whatever the span of time', () => {
  const frequencies = new SelectivityCache();
  expect(frequencies.of(filter, 0)).toBe('many');
  frequencies.set({ ...filter, time: { from: 5, to: null } }, 'few', 0);
  expect(frequencies.of(filter, 59_999)).toBe('few');
  expect(frequencies.of({ ...filter, time: { from: null, to: 9 } }, 59_999)).toBe('few');
  expect(frequencies.of({ tags: ['other'] }, 0)).toBe('many');
  frequencies.set(filter, 'some', 59_999);
  expect(frequencies.of(filter, 60_000)).toBe('some');
  expect(frequencies.of(filter, 119_999)).toBe('many');
});

test('of an id or a key there are few, until more were found', () => {
  const frequencies = new SelectivityCache();
  const keyed = { keys: ['volume-7'], tags: ['common'] };
  expect(frequencies.of({ ids: ['0192f0c4-0000-7000-8000-000000000000'] }, 0)).toBe('few');
  expect(frequencies.of(keyed, 0)).toBe('few');
  frequencies.set(keyed, 'some', 0);
  expect(frequencies.of(keyed, 0)).toBe('some');
});

test('a thousand are remembered, then all are forgotten', () => {
  const frequencies = new SelectivityCache();
  for (let n = 0; n < 1_000; n += 1) frequencies.set({ tags: [`${n}`] }, 'few', 0);
  expect(frequencies.of({ tags: ['0'] }, 0)).toBe('few');
  frequencies.set(filter, 'few', 0);
  expect([frequencies.of({ tags: ['0'] }, 0), frequencies.of(filter, 0)]).toEqual(['many', 'few']);
});
