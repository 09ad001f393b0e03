import { expect, test } from 'vitest';
import { filterWithin, readFilter, withClicked } from '../../src/console/filter.ts';

const range = { from: 'now-1h', to: 'now' };

test('a filter that cannot be read says what is wrong', () => {
  expect(readFilter('severity:purple')).toEqual({
    filter: null,
    fault: expect.stringContaining('purple'),
  });
});

test('the range is added to the filter, and both hold where the filter has a time of its own', () => {
  expect(filterWithin({ types: ['A.*'] }, range)).toEqual({
    types: ['A.*'],
    time: { gte: 'now-1h' },
  });
  const own = { time: { gte: 'now-5m' } };
  expect(filterWithin(own, { from: 'now-1h', to: '2026-11-20T00:00:00.000Z' })).toEqual({
    all: [own],
    time: { gte: 'now-1h', lte: '2026-11-20T00:00:00.000Z' },
  });
});

test('clicked values are added once, excluded, and quoted', () => {
  const type = { field: 'type', value: 'Volume.Create' };
  expect(withClicked('', type, false)).toBe('type:Volume.Create');
  expect(withClicked('type:Volume.Create', type, false)).toBe('type:Volume.Create');
  expect(withClicked('type:Volume.Create key:a', type, true)).toBe('key:a -type:Volume.Create');
  expect(withClicked('a', { field: 'key', value: 'x y' }, false)).toBe('a key:"x y"');
  expect(withClicked('', { trait: 'size', value: { int: 3 } }, true)).toBe('-trait.size:3');
});

test('a clicked value replaces a filter that cannot be read', () => {
  expect(withClicked('severity:purple', { field: 'key', value: 'a' }, false)).toBe('key:a');
});
