/** A part of the time line, in a form that the gateway's TimeExpression reads as well. */
export interface TimeRange {
  /** `now-1h`, or an instant: 2026-11-20T08:15:30.000Z. */
  readonly from: string;
  /** The same, or `now`. */
  readonly to: string;
}

/** The same in milliseconds since 1970. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export const defaultRange: TimeRange = { from: 'now-1h', to: 'now' };

export const presets: readonly { readonly from: string; readonly title: string }[] = [
  { from: 'now-15m', title: 'Last 15 minutes' },
  { from: 'now-1h', title: 'Last hour' },
  { from: 'now-6h', title: 'Last 6 hours' },
  { from: 'now-24h', title: 'Last 24 hours' },
  { from: 'now-7d', title: 'Last 7 days' },
  { from: 'now-30d', title: 'Last 30 days' },
  { from: 'now-365d', title: 'Last year' },
];

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const unitMs: Readonly<Record<string, number>> = {
  s: secondMs,
  m: minuteMs,
  h: hourMs,
  d: dayMs,
  w: 7 * dayMs,
};

/** Milliseconds since 1970; null where it is neither relative to now nor an instant. */
export function momentMs(text: string, nowMs: number): number | null {
  if (text === 'now') return nowMs;
  const [, length, unit = ''] = /^now-(\d{1,6})([smhdw])$/.exec(text) ?? [];
  if (length !== undefined) return nowMs - Number(length) * (unitMs[unit] ?? 0);
  if (!/^\d{4}-\d\d-\d\dT/.test(text)) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

/** A range of a URL, or the default one where it cannot be read. */
export function readRange(from: string | null, to: string | null): TimeRange {
  const range = { from: from ?? defaultRange.from, to: to ?? defaultRange.to };
  const now = Date.now();
  const [fromMs, toMs] = [momentMs(range.from, now), momentMs(range.to, now)];
  return fromMs === null || toMs === null || fromMs >= toMs ? defaultRange : range;
}

export function spanOf({ from, to }: TimeRange, nowMs: number): Span {
  const toMs = momentMs(to, nowMs) ?? nowMs;
  return { fromMs: momentMs(from, nowMs) ?? toMs - hourMs, toMs };
}

/** The same for the API. */
export const timeOf = ({ from, to }: TimeRange): { readonly gte: string; readonly lte?: string } =>
  to === 'now' ? { gte: from } : { gte: from, lte: to };

/** One of at least a millisecond. */
export const rangeOf = ({ fromMs, toMs }: Span): TimeRange => ({
  from: new Date(fromMs).toISOString(),
  to: new Date(Math.max(toMs, fromMs + 1)).toISOString(),
});

const shortestZoomMs = 100;
const longestZoomMs = 20 * 365 * dayMs;

/** The span with the same middle whose length is `by` times as long; null where it would be too short or too long to be of use. */
export function zoomed({ fromMs, toMs }: Span, by: number): Span | null {
  const [middleMs, lengthMs] = [(fromMs + toMs) / 2, (toMs - fromMs) * by];
  if (lengthMs < shortestZoomMs || lengthMs > longestZoomMs) return null;
  return { fromMs: middleMs - lengthMs / 2, toMs: middleMs + lengthMs / 2 };
}

/** Whether it moves with the clock. */
export const isRelative = ({ to }: TimeRange): boolean => to === 'now';

/** Whether it moves with the clock and is short enough to be asked for again whenever something is recorded. */
export const isFollowed = (range: TimeRange): boolean =>
  isRelative(range) && spanOf(range, 0).fromMs >= -dayMs;

/** Lengths of time buckets, as the gateway's Duration has them. */
const intervals: readonly (readonly [text: string, ms: number])[] = [
  ['100ms', 100],
  ['1s', secondMs],
  ['5s', 5 * secondMs],
  ['10s', 10 * secondMs],
  ['30s', 30 * secondMs],
  ['1m', minuteMs],
  ['2m', 2 * minuteMs],
  ['5m', 5 * minuteMs],
  ['10m', 10 * minuteMs],
  ['30m', 30 * minuteMs],
  ['1h', hourMs],
  ['3h', 3 * hourMs],
  ['6h', 6 * hourMs],
  ['12h', 12 * hourMs],
  ['1d', dayMs],
  ['7d', 7 * dayMs],
  ['30d', 30 * dayMs],
];

export interface Interval {
  readonly text: string;
  readonly ms: number;
}

/** The shortest interval that makes at most this many buckets of a span. */
export function intervalFor({ fromMs, toMs }: Span, maxBuckets: number): Interval {
  const fit = intervals.find(([, ms]) => (toMs - fromMs) / ms <= maxBuckets);
  const [text, ms] = fit ?? (['365d', 365 * dayMs] as const);
  return { text, ms };
}

/** The start of each bucket of a span, given that of one of them. */
export function bucketStarts({ fromMs, toMs }: Span, { ms }: Interval, anyMs: number): number[] {
  const first = anyMs - Math.ceil((anyMs - fromMs) / ms) * ms;
  const starts: number[] = [];
  for (let start = first; start <= toMs; start += ms) starts.push(start);
  return starts;
}
