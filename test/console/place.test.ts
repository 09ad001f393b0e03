import { expect, test } from 'vitest';
import { type Place, placeOfView, printPlace, readPlace } from '../../src/console/place.ts';
import { defaultRange } from '../../src/console/time-range.ts';

const place: Place = {
  view: 'timeline',
  filter: 'type:Volume.* trait.size>10 "a b"',
  range: { from: '2026-11-20T08:00:00.000Z', to: '2026-11-20T09:00:00.000Z' },
  options: { lanes: 'tag:pool', event: 'a&b' },
};

test('a URL says everything that is shown, and is read as the same', () => {
  expect(readPlace(printPlace(place).slice(1))).toEqual(place);
});

test('defaults are not in the URL', () => {
  const home = readPlace('');
  expect(home).toEqual({ view: 'events', filter: '', range: defaultRange, options: {} });
  expect(printPlace(home)).toBe('/');
});

test('what cannot be read is the default', () => {
  const { view, range } = readPlace('?view=nowhere&from=yesterday&to=now');
  expect([view, range]).toEqual(['events', defaultRange]);
  expect(readPlace('?from=2026-11-21T00:00:00Z&to=2026-11-20T00:00:00Z').range).toEqual(
    defaultRange,
  );
});

test('another view keeps filter and range, and not the options', () => {
  expect(placeOfView(place, 'events')).toEqual({ ...place, view: 'events', options: {} });
});
