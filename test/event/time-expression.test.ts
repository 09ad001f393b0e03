import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/event/input-error.ts';
import { formatInstant, parseInstant } from '../../src/event/instant.ts';
import {
  parseTimeExpression,
  parseTimeRange,
  type TimeExpression,
  type TimeRangeInput,
} from '../../src/event/time-expression.ts';

/** A Friday. */
const now = parseInstant('2026-11-20T08:15:30.123456Z');

const down = (expression: TimeExpression): string =>
  formatInstant(parseTimeExpression(expression, now, 'DOWN', ['time']));
const up = (expression: TimeExpression): string =>
  formatInstant(parseTimeExpression(expression, now, 'UP', ['time']));

describe('the first and the last instant of an expression', () => {
  test.each<[TimeExpression, string, string]>([
    ['2026', '2026-01-01T00:00:00.000Z', '2026-12-31T23:59:59.999999Z'],
    ['2026-11', '2026-11-01T00:00:00.000Z', '2026-11-30T23:59:59.999999Z'],
    ['2024-02', '2024-02-01T00:00:00.000Z', '2024-02-29T23:59:59.999999Z'],
    ['2026-11-20', '2026-11-20T00:00:00.000Z', '2026-11-20T23:59:59.999999Z'],
    ['2026-11-20T08', '2026-11-20T08:00:00.000Z', '2026-11-20T08:59:59.999999Z'],
    ['2026-11-20T08:15', '2026-11-20T08:15:00.000Z', '2026-11-20T08:15:59.999999Z'],
    ['2026-11-20T08:15:30Z', '2026-11-20T08:15:30.000Z', '2026-11-20T08:15:30.000Z'],
    ['2026-11-20T08:15:30', '2026-11-20T08:15:30.000Z', '2026-11-20T08:15:30.000Z'],
    ['2026-11-20T08:15:30.5Z', '2026-11-20T08:15:30.500Z', '2026-11-20T08:15:30.500Z'],
    ['2026-11-20t08:15:30.123z', '2026-11-20T08:15:30.123Z', '2026-11-20T08:15:30.123Z'],
    ['2026-11-20T08:15:30.123400Z', '2026-11-20T08:15:30.123400Z', '2026-11-20T08:15:30.123400Z'],
    ['2026-11-20T08+05:30', '2026-11-20T02:30:00.000Z', '2026-11-20T03:29:59.999999Z'],
    ['9999', '9999-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'],
    ['0001', '0001-01-01T00:00:00.000Z', '0001-12-31T23:59:59.999Z'],
    [0, '1970-01-01T00:00:00.000Z', '1970-01-01T00:00:00.000Z'],
    [-1, '1969-12-31T23:59:59.999Z', '1969-12-31T23:59:59.999Z'],
    [1_795_162_530_123, '2026-11-20T08:15:30.123Z', '2026-11-20T08:15:30.123Z'],
    ['1795162530123', '2026-11-20T08:15:30.123Z', '2026-11-20T08:15:30.123Z'],
    ['10000', '1970-01-01T00:00:10.000Z', '1970-01-01T00:00:10.000Z'],
    ['now', '2026-11-20T08:15:30.123456Z', '2026-11-20T08:15:30.123456Z'],
    ['now-15m', '2026-11-20T08:00:30.123456Z', '2026-11-20T08:00:30.123456Z'],
    ['now() - 10m', '2026-11-20T08:05:30.123456Z', '2026-11-20T08:05:30.123456Z'],
    [' now()-10m ', '2026-11-20T08:05:30.123456Z', '2026-11-20T08:05:30.123456Z'],
    ['now+1H', '2026-11-20T09:15:30.123456Z', '2026-11-20T09:15:30.123456Z'],
    ['now-d', '2026-11-19T08:15:30.123456Z', '2026-11-19T08:15:30.123456Z'],
    ['now-1d/d', '2026-11-19T00:00:00.000Z', '2026-11-19T23:59:59.999999Z'],
    ['now/y', '2026-01-01T00:00:00.000Z', '2026-12-31T23:59:59.999999Z'],
    ['now/M', '2026-11-01T00:00:00.000Z', '2026-11-30T23:59:59.999999Z'],
    ['now/w', '2026-11-16T00:00:00.000Z', '2026-11-22T23:59:59.999999Z'],
    ['2026-11-16||/w', '2026-11-16T00:00:00.000Z', '2026-11-22T23:59:59.999999Z'],
    ['2026-11-15||/w', '2026-11-09T00:00:00.000Z', '2026-11-15T23:59:59.999999Z'],
    ['now/h', '2026-11-20T08:00:00.000Z', '2026-11-20T08:59:59.999999Z'],
    ['now/m', '2026-11-20T08:15:00.000Z', '2026-11-20T08:15:59.999999Z'],
    ['now/s', '2026-11-20T08:15:30.000Z', '2026-11-20T08:15:30.999999Z'],
    ['2026-11-01||+1M/d', '2026-12-01T00:00:00.000Z', '2026-12-01T23:59:59.999999Z'],
    ['2026-11-01||+1M', '2026-12-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z'],
    ['2026-01-31||+1M', '2026-02-28T00:00:00.000Z', '2026-02-28T00:00:00.000Z'],
    ['2024-02-29||+1y', '2025-02-28T00:00:00.000Z', '2025-02-28T00:00:00.000Z'],
    ['2026-03-31||-1M', '2026-02-28T00:00:00.000Z', '2026-02-28T00:00:00.000Z'],
    ['2026-01-15||-1M', '2025-12-15T00:00:00.000Z', '2025-12-15T00:00:00.000Z'],
    ['now/d+6h', '2026-11-20T06:00:00.000Z', '2026-11-21T05:59:59.999999Z'],
    ['now-1w+2d-3h+4m-5s', '2026-11-15T05:19:25.123456Z', '2026-11-15T05:19:25.123456Z'],
  ])('%s', (expression, first, last) => {
    expect([down(expression), up(expression)]).toEqual([first, last]);
  });
});

describe('what cannot be read names the bound and says why', () => {
  test.each<[TimeExpression, string]>([
    ['', 'is not a time'],
    ['yesterday', 'is not a time'],
    ['nowish', 'is not a time'],
    ['20', 'is not a time'],
    ['2026-1', 'is not a time'],
    ['2026-11-20T', 'is not a time'],
    ['2026-11-20Z', 'is not a time'],
    ['2026-11-20 08:15', 'is not a time'],
    ['2026-02-30', 'calendar'],
    ['2026-13', 'calendar'],
    ['2026-11-20T25', 'time of day'],
    ['2026-12-31T23:59:60Z', 'leap second'],
    ['now-15', 'date math'],
    ['now-15x', 'date math'],
    ['now/2d', 'date math'],
    ['now-1d/', 'date math'],
    ['now-1.5h', 'date math'],
    ['2026-11-01||tomorrow', 'date math'],
    ['now+99999y', 'outside the years'],
    ['now-999999999d', 'outside the years'],
    [1.5, 'whole number'],
    [Number.NaN, 'whole number'],
    [1e18, 'outside the years'],
    ['99999999999999999999', 'outside the years'],
  ])('%s', (expression, reason) => {
    const read = () => parseTimeRange({ lte: expression }, now, ['filter', 'time']);
    expect(read).toThrow(reason);
    expect(read).toThrow(expect.objectContaining({ argument: ['filter', 'time', 'lte'] }));
    expect(read).toThrow(InputError);
  });
});

describe('parseTimeRange', () => {
  const span = (range: TimeRangeInput): (string | null)[] => {
    const { from, to } = parseTimeRange(range, now, ['time']);
    return [from, to].map((instant) => (instant === null ? null : formatInstant(instant)));
  };

  test.each<[TimeRangeInput, string | null, string | null]>([
    [{}, null, null],
    [{ gte: null, lt: undefined }, null, null],
    [{ gte: '2026-11-20' }, '2026-11-20T00:00:00.000Z', null],
    [{ gt: '2026-11-20' }, '2026-11-21T00:00:00.000Z', null],
    [{ lte: '2026-11-20' }, null, '2026-11-20T23:59:59.999999Z'],
    [{ lt: '2026-11-20' }, null, '2026-11-19T23:59:59.999999Z'],
    [{ gt: 'now', lt: 'now' }, '2026-11-20T08:15:30.123457Z', '2026-11-20T08:15:30.123455Z'],
    [{ gt: 'now-1d/d', lte: 'now/d' }, '2026-11-20T00:00:00.000Z', '2026-11-20T23:59:59.999999Z'],
    [{ gt: '3000-01-01' }, '3000-01-02T00:00:00.000Z', null],
    [{ lt: '3000-01-01' }, null, '2999-12-31T23:59:59.999Z'],
  ])('%j', (range, from, to) => {
    expect(span(range)).toEqual([from, to]);
  });

  test.each<[TimeRangeInput, string]>([
    [{ gt: 'now', gte: 'now' }, 'gt'],
    [{ lt: 'now', lte: 'now' }, 'lt'],
    [{ gt: '9999' }, 'gt'],
    [{ lt: '0001' }, 'lt'],
  ])('refuses %j', (range, name) => {
    expect(() => parseTimeRange(range, now, ['time'])).toThrow(
      expect.objectContaining({ argument: ['time', name] }),
    );
  });

  test('the spans before, in and after a unit divide the time line', () => {
    const instant = fc.date({
      min: new Date('0002-01-01T00:00:00Z'),
      max: new Date('9998-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    });
    const unit = fc.constantFrom('y', 'M', 'w', 'd', 'h', 'm', 's');
    fc.assert(
      fc.property(instant, unit, (date, letter) => {
        const expression = `${date.toISOString()}||/${letter}`;
        const { from, to } = parseTimeRange({ gte: expression, lte: expression }, now, []);
        const outside = parseTimeRange({ gt: expression, lt: expression }, now, []);
        const moment = date.getTime() * 1000;
        expect(from).toBeLessThanOrEqual(moment);
        expect(to).toBeGreaterThanOrEqual(moment);
        expect(outside.to).toBeLessThan(from as number);
        expect(outside.from).toBeGreaterThan(to as number);
        expect((outside.from as number) - (to as number)).toBeLessThanOrEqual(1_040);
      }),
    );
  });
});
