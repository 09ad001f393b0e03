import { expect, test } from 'vitest';
import { severityBuckets } from '../../src/console/histogram-data.ts';

test('counts are put together by bucket, and empty buckets are there', () => {
  const fromMs = Date.parse('2026-11-20T12:00:00Z');
  const row = (minute: number, severity: string, count: number) => ({
    bucket: new Date(fromMs + minute * 60_000).toISOString(),
    count,
    group: [{ value: severity }],
  });
  const rows = [row(1, 'NORMAL', 5), row(1, 'ERROR', 2), row(3, 'ERROR', 1)];
  const buckets = severityBuckets(
    rows,
    { fromMs, toMs: fromMs + 4 * 60_000 },
    { text: '1m', ms: 60_000 },
  );
  expect(buckets.map(({ normal, error }) => [normal, error])).toEqual([
    [0, 0],
    [5, 2],
    [0, 0],
    [0, 1],
    [0, 0],
  ]);
});
