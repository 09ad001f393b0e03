import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatInstant, InstantError, now, parseInstant } from '../../src/event/instant.ts';

describe('parseInstant', () => {
  test.each([
    ['1970-01-01T00:00:00Z', 0],
    ['2026-11-20T08:15:30.123Z', Date.UTC(2026, 10, 20, 8, 15, 30, 123) * 1000],
    ['2026-11-20t08:15:30.123456z', Date.UTC(2026, 10, 20, 8, 15, 30, 123) * 1000 + 456],
    ['2026-11-20T08:15:30.123456999Z', Date.UTC(2026, 10, 20, 8, 15, 30, 123) * 1000 + 456],
    ['2026-11-20T08:15:30.5+01:30', Date.UTC(2026, 10, 20, 6, 45, 30, 500) * 1000],
    ['2026-11-20T08:15:30-08:00', Date.UTC(2026, 10, 20, 16, 15, 30) * 1000],
    ['2024-02-29T00:00:00-00:00', Date.UTC(2024, 1, 29) * 1000],
    ['0001-01-01T00:00:00Z', -62_135_596_800_000_000],
    ['1969-12-31T23:59:59.999999Z', -1],
  ])('%s', (text, instant) => {
    expect(parseInstant(text)).toBe(instant);
  });

  test.each([
    ['', 'RFC 3339'],
    ['2026-11-20', 'RFC 3339'],
    ['2026-11-20 08:15:30Z', 'RFC 3339'],
    ['2026-11-20T08:15Z', 'RFC 3339'],
    ['+026-11-20T08:15:30Z', 'RFC 3339'],
    ['2026-1a-20T08:15:30Z', 'RFC 3339'],
    ['2026-11-20T08:15:30', 'offset'],
    ['2026-11-20T08:15:30+1', 'offset'],
    ['2026-11-20T08:15:30+0100', 'offset'],
    ['2026-11-20T08:15:30+24:00', 'offset'],
    ['2026-11-20T08:15:30Zz', 'offset'],
    ['2026-11-20T08:15:30.Z', 'fraction'],
    ['2026-11-20T08:15:30.1234567890Z', 'fraction'],
    ['2026-12-31T23:59:60Z', 'leap second'],
    ['2026-12-31T23:59:61Z', 'time of day'],
    ['2026-12-31T24:00:00Z', 'time of day'],
    ['2026-02-29T00:00:00Z', 'calendar'],
    ['2026-13-01T00:00:00Z', 'calendar'],
    ['2026-00-01T00:00:00Z', 'calendar'],
    ['2026-01-00T00:00:00Z', 'calendar'],
    ['0000-01-01T00:00:00Z', 'calendar'],
    ['0001-01-01T00:00:00+00:01', 'years'],
    ['9999-12-31T23:59:59-00:01', 'years'],
  ])('refuses %j', (text, reason) => {
    expect(() => parseInstant(text)).toThrow(InstantError);
    expect(() => parseInstant(text)).toThrow(reason);
  });

  test('reads what a Date writes', () => {
    const date = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(date, (moment) => {
        const instant = parseInstant(moment.toISOString());
        expect(instant).toBe(moment.getTime() * 1000);
        expect(formatInstant(instant)).toBe(moment.toISOString());
      }),
    );
  });
});

test('microseconds that are exact survive the way through text', () => {
  const exact = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(exact, (instant) => {
      expect(parseInstant(formatInstant(instant))).toBe(instant);
    }),
  );
});

test('prints six fraction digits only where they are needed', () => {
  expect(formatInstant(1_000)).toBe('1970-01-01T00:00:00.001Z');
  expect(formatInstant(1_001)).toBe('1970-01-01T00:00:00.001001Z');
  expect(formatInstant(-1)).toBe('1969-12-31T23:59:59.999999Z');
});

test('now is a whole number of microseconds', () => {
  expect(Math.abs(now() - Date.now() * 1000)).toBeLessThan(5_000_000);
});
