import type { EventAggregate } from '../client/schema.generated.ts';
import { bucketStarts, type Interval, type Span } from './time-range.ts';

export type SeverityRow = Pick<EventAggregate, 'bucket' | 'count'> & {
  readonly group: readonly { readonly value: string | null }[];
};

export interface Bucket {
  readonly startMs: number;
  readonly normal: number;
  readonly error: number;
}

/** The buckets of a span by severity, empty ones included. */
export function severityBuckets(
  rows: readonly SeverityRow[],
  span: Span,
  interval: Interval,
): readonly Bucket[] {
  const known = new Map<number, { normal: number; error: number }>();
  for (const { bucket, count, group } of rows) {
    if (bucket === null) continue;
    const startMs = Date.parse(bucket);
    const counts = known.get(startMs) ?? { normal: 0, error: 0 };
    counts[group[0]?.value === 'ERROR' ? 'error' : 'normal'] += count;
    known.set(startMs, counts);
  }
  const [any = Math.floor(span.fromMs / interval.ms) * interval.ms] = known.keys();
  const starts = new Set([...bucketStarts(span, interval, any), ...known.keys()]);
  return [...starts]
    .sort((a, b) => a - b)
    .map((startMs) => ({ startMs, ...(known.get(startMs) ?? { normal: 0, error: 0 }) }));
}
