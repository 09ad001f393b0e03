import { expect, test } from 'vitest';
import { type AggregateRow, csvOf, seriesOf, statisticOf } from '../../src/console/series.ts';

const row = (minute: number | null, service: string | null, count: number): AggregateRow => ({
  group: [{ name: 'SERVICE', value: service }],
  bucket: minute === null ? null : `2026-11-20T12:0${minute}:00Z`,
  count,
  measured: count,
  average: count / 2,
  min: 0,
  max: count,
  sum: count * 3,
  percentiles: [{ rank: 0.95, value: 7 }],
});

test('each group is a series, the largest first; the smallest are counted', () => {
  const rows = [row(0, 'a', 1), row(0, 'b', 5), row(2, 'a', 2), row(2, 'c', 1)];
  const set = seriesOf(rows, 'count', 2);
  expect(set.startsMs).toHaveLength(2);
  expect(set.series).toEqual([
    { label: 'b', values: [5, 0] },
    { label: 'a', values: [1, 2] },
  ]);
  expect(set.others).toBe(1);
  expect(seriesOf(rows, 'average', 1).series[0]?.values).toEqual([2.5, null]);
});

test('every statistic is found', () => {
  const names = ['count', 'average', 'min', 'max', 'sum', 'p95', 'p99'];
  expect(names.map((name) => statisticOf(row(0, 'a', 4), name))).toEqual([4, 2, 0, 4, 12, 7, null]);
});

test('CSV quotes what needs it, and is not read as formulas', () => {
  const text = csvOf([row(null, 'a "b", c', 2), row(null, '=cmd()', 1), row(null, null, 1)]);
  const [head, ...lines] = text.split('\r\n');
  expect(head).toBe('SERVICE,count,average,min,max,sum,p50,p95,p99');
  expect(lines).toEqual([
    '"a ""b"", c",2,1,0,2,6,,7,',
    "'=cmd(),1,0.5,0,1,3,,7,",
    ',1,0.5,0,1,3,,7,',
    '',
  ]);
});
