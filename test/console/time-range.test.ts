import { expect, test } from 'vitest';
import {
  bucketStarts,
  intervalFor,
  isFollowed,
  momentMs,
  rangeOf,
  readRange,
  spanOf,
  zoomed,
} from '../../src/console/time-range.ts';

const now = Date.parse('2026-11-20T12:00:00Z');
const hour = 3_600_000;

test.each([
  ['now', now],
  ['now-90m', now - 1.5 * hour],
  ['now-7d', now - 7 * 24 * hour],
  ['2026-11-20T08:00:00Z', now - 4 * hour],
  ['tomorrow', null],
  ['2026-11-20', null],
])('%s is %s', (text, expected) => {
  expect(momentMs(text, now)).toBe(expected);
});

test('a range is a span of milliseconds', () => {
  expect(spanOf({ from: 'now-1h', to: 'now' }, now)).toEqual({ fromMs: now - hour, toMs: now });
});

test('only short ranges that end now are asked for again and again', () => {
  expect(isFollowed({ from: 'now-24h', to: 'now' })).toBe(true);
  expect(isFollowed({ from: 'now-7d', to: 'now' })).toBe(false);
  expect(isFollowed({ from: 'now-1h', to: '2026-11-20T12:00:00.000Z' })).toBe(false);
});

test.each([
  [hour, '1m'],
  [24 * hour, '30m'],
  [7 * 24 * hour, '3h'],
  [365 * 24 * hour, '7d'],
  [90, '100ms'],
])('%s ms are shown in buckets of %s', (length, text) => {
  expect(intervalFor({ fromMs: now - length, toMs: now }, 60).text).toBe(text);
});

test('buckets cover the whole span and fall on the start of the one that is known', () => {
  const span = { fromMs: now - 90_000, toMs: now };
  const starts = bucketStarts(span, { text: '1m', ms: 60_000 }, now - 30_000);
  expect(starts.map((start) => (start - now) / 1_000)).toEqual([-90, -30]);
  const before = bucketStarts(span, { text: '1m', ms: 60_000 }, now - 60_000);
  expect(before.map((start) => (start - now) / 1_000)).toEqual([-120, -60, 0]);
});

test('zooming stays within what an address can say', () => {
  const span = { fromMs: now - hour, toMs: now };
  expect(zoomed(span, 0.5)).toEqual({ fromMs: now - 0.75 * hour, toMs: now - 0.25 * hour });
  let closest = span;
  for (let next = zoomed(span, 0.5); next !== null; next = zoomed(next, 0.5)) closest = next;
  let widest = span;
  for (let next = zoomed(span, 2); next !== null; next = zoomed(next, 2)) widest = next;
  for (const zoom of [closest, widest]) {
    const { from, to } = rangeOf(zoom);
    expect(readRange(from, to)).toEqual({ from, to });
  }
});

test('a range of no length is one of a millisecond', () => {
  const { from, to } = rangeOf({ fromMs: now, toMs: now });
  expect(readRange(from, to)).toEqual({ from, to });
});
