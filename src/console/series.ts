import type { EventAggregate } from '../client/schema.generated.ts';

/** Without a measure there is nothing but the count. */
export type AggregateRow = Pick<EventAggregate, 'group' | 'bucket' | 'count'> &
  Partial<Pick<EventAggregate, 'measured' | 'average' | 'min' | 'max' | 'sum' | 'percentiles'>>;

/** Statistics that can be drawn, and their titles. */
export const statistics: readonly (readonly [string, string])[] = [
  ['count', 'Count'],
  ['average', 'Average'],
  ['min', 'Minimum'],
  ['max', 'Maximum'],
  ['sum', 'Sum'],
  ['p50', 'Median'],
  ['p95', '95th percentile'],
  ['p99', '99th percentile'],
];

export const percentiles = [0.5, 0.95, 0.99];

/** The number of a row; null where nothing was measured. */
export function statisticOf(row: AggregateRow, statistic: string): number | null {
  const [, percent] = /^p(\d\d)$/.exec(statistic) ?? [];
  if (percent !== undefined) {
    return row.percentiles?.find(({ rank }) => rank === Number(percent) / 100)?.value ?? null;
  }
  switch (statistic) {
    case 'average':
      return row.average ?? null;
    case 'min':
      return row.min ?? null;
    case 'max':
      return row.max ?? null;
    case 'sum':
      return row.sum ?? null;
    default:
      return row.count;
  }
}

export const labelOf = ({ group }: AggregateRow): string =>
  group.map(({ value }) => value ?? '–').join(' · ') || 'All events';

interface Series {
  readonly label: string;
  /** One for each start; null where there is none. */
  readonly values: readonly (number | null)[];
}

export interface SeriesSet {
  /** Starts of the buckets, in milliseconds. */
  readonly startsMs: readonly number[];
  /** Those with the most events first. */
  readonly series: readonly Series[];
  /** How many groups are not among them. */
  readonly others: number;
}

/** The largest groups over time. @param most series at most */
export function seriesOf(
  rows: readonly AggregateRow[],
  statistic: string,
  most: number,
): SeriesSet {
  const groups = new Map<string, { count: number; byStart: Map<number, number | null> }>();
  const starts = new Set<number>();
  for (const row of rows) {
    if (row.bucket === null) continue;
    const startMs = Date.parse(row.bucket);
    starts.add(startMs);
    const label = labelOf(row);
    const group = groups.get(label) ?? { count: 0, byStart: new Map() };
    group.count += row.count;
    group.byStart.set(startMs, statisticOf(row, statistic));
    groups.set(label, group);
  }
  const startsMs = [...starts].sort((a, b) => a - b);
  const sorted = [...groups].sort(([, a], [, b]) => b.count - a.count);
  const absent = statistic === 'count' || statistic === 'sum' ? 0 : null;
  const series = sorted.slice(0, most).map(([label, { byStart }]) => ({
    label,
    values: startsMs.map((startMs) => byStart.get(startMs) ?? absent),
  }));
  return { startsMs, series, others: Math.max(0, sorted.length - most) };
}

/** RFC 4180, with the names of the columns. */
export function csvOf(rows: readonly AggregateRow[]): string {
  const names = rows[0]?.group.map(({ name }) => name) ?? [];
  const withBucket = rows.some(({ bucket }) => bucket !== null);
  const columns = [...(withBucket ? ['bucket'] : []), ...names];
  const numbers = statistics.map(([name]) => name);
  const lines = rows.map((row) => [
    ...(withBucket ? [row.bucket] : []),
    ...row.group.map(({ value }) => value),
    ...numbers.map((name) => statisticOf(row, name)),
  ]);
  return [[...columns, ...numbers], ...lines]
    .map((line) => `${line.map(cell).join(',')}\r\n`)
    .join('');
}

/** A cell that a spreadsheet would take for a formula begins with an apostrophe. */
function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
