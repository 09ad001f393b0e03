import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatTimestamp, parseTimestamp } from '../../../src/dialects/vamp/timestamp.ts';

test.each([
  ['2026-01-01T12:00:00.000Z', '2026-01-01T12:00:00Z'],
  ['2026-01-01T12:00:00.500Z', '2026-01-01T12:00:00.5Z'],
  ['2026-01-01T12:00:00.120400Z', '2026-01-01T12:00:00.1204Z'],
  ['2026-01-01T12:00:00.123456789+01:00', '2026-01-01T12:00:00.123456789+01:00'],
  ['2026-01-01t12:00Z', '2026-01-01T12:00:00Z'],
  ['2015-06-05T15:12:38+02:00', '2015-06-05T15:12:38+02:00'],
  ['2015-06-05T00:12:38-05:30', '2015-06-05T00:12:38-05:30'],
  ['2015-06-05T15:12:38+00:00', '2015-06-05T15:12:38Z'],
  ['2026-10-10T10:10:10z', '2026-10-10T10:10:10Z'],
])('%s is kept as %s', (text, kept) => {
  const timestamp = parseTimestamp(text);
  expect(timestamp?.text).toBe(kept);
});

test.each([
  'now',
  '2026-01-01',
  '2026-01-01T12:00:00',
  '2026-01-01 12:00:00Z',
  '2026-02-30T12:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T12:00:00+0200',
  '2026-01-01T12:00:00+19:00',
  '2026-01-01T12:00.5Z',
  '1767268800',
  '',
])('"%s" is no date-time with an offset', (text) => {
  expect(parseTimestamp(text)).toBeNull();
});

test('what is written is read as the same', () => {
  const seconds = fc.integer({ min: -9_000_000_000, max: 9_000_000_000 });
  fc.assert(
    fc.property(seconds, fc.nat(999_999), (second, microsecond) => {
      const instant = second * 1_000_000 + microsecond;
      const text = formatTimestamp(instant);
      expect(parseTimestamp(text)).toEqual({ instant, text });
    }),
  );
});
