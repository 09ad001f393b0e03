import type { SeriesSelector, UsedMetric, Window } from './compile.ts';

interface KeyValue {
  readonly key: string;
  readonly value: string;
}

/** The series of one metric, as a snapshot has them in JSON. */
export interface SnapshotSeries {
  readonly metric: { readonly labels: readonly KeyValue[] };
  readonly values: readonly {
    readonly id: string;
    readonly doubleValue: number;
    readonly isEmptyValue: boolean;
  }[];
}

const minuteMs = 60_000;
/** A snapshot is a part of an event, whose size is limited: of longer windows it has the latest minutes. */
const maxMinutes = 60;
const maxSeries = 20;

/** A minute as SkyWalking writes it: 202511191511. */
export const minuteId = (minuteStartMs: number): string =>
  new Date(minuteStartMs).toISOString().replace(/\D/g, '').slice(0, 12);

interface Measured {
  readonly metrics: readonly UsedMetric[];
  readonly series: readonly SeriesSelector[];
}

/** For each metric of an expression the JSON of its values in a window, whose last minute begins at `lastMinuteMs`. */
export function snapshotOf(
  { metrics, series }: Measured,
  window: Window,
  lastMinuteMs: number,
): Record<string, string> {
  const seriesAt = (at: number): SnapshotSeries => {
    const values = (window[at] ?? []).slice(-maxMinutes);
    return {
      metric: {
        labels: (series[at]?.labels ?? []).map(([key, value]) => ({ key, value })),
      },
      values: values.map((value, minute) => ({
        id: minuteId(lastMinuteMs - (values.length - 1 - minute) * minuteMs),
        doubleValue: value ?? 0,
        isEmptyValue: value === null,
      })),
    };
  };
  return Object.fromEntries(
    metrics.map(({ text, series: its }) => [
      text,
      JSON.stringify(its.filter((at) => at < maxSeries).map(seriesAt)),
    ]),
  );
}
