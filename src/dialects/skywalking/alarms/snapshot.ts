import type { Window } from '../../../alarms/expression/compile.ts';
import type { AlarmExpression } from '../../../alarms/expression/expression.ts';

/** A metric's values when an alarm fired, as SkyWalking's query protocol answers them. */
export interface AnsweredMetric {
  readonly name: string;
  readonly results: readonly {
    readonly metric: { readonly labels: readonly KeyValue[] };
    readonly values: readonly {
      /** The minute, as yyyyMMddHHmm. */
      readonly id: string;
      readonly owner: null;
      /** Null where the minute has none. */
      readonly value: string | null;
      readonly traceID: null;
    }[];
  }[];
}

interface KeyValue {
  readonly key: string;
  readonly value: string;
}

/** The series of one metric, as an alarm's message has them in JSON. */
interface SnapshotSeries {
  readonly metric: { readonly labels: readonly KeyValue[] };
  readonly values: readonly {
    readonly id: string;
    readonly doubleValue: number;
    readonly isEmptyValue: boolean;
  }[];
}

const minuteMs = 60_000;

/** A minute as SkyWalking writes it: 202511191511. */
const minuteId = (minuteStartMs: number): string =>
  new Date(minuteStartMs).toISOString().replace(/\D/g, '').slice(0, 12);

/** For each metric of an expression the JSON of its values in a window, whose last minute begins at `lastMinuteMs`. */
export function snapshotOf(
  { metrics, series }: Pick<AlarmExpression, 'metrics' | 'series'>,
  window: Window,
  lastMinuteMs: number,
): Readonly<Record<string, string>> {
  const seriesAt = (at: number): SnapshotSeries => {
    const values = window[at] ?? [];
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
    metrics.map(({ text, series: its }) => [text, JSON.stringify(its.map(seriesAt))]),
  );
}

/** The values of a snapshot; a metric that cannot be read has none. */
export const metricsOf = (snapshot: Readonly<Record<string, string>>): readonly AnsweredMetric[] =>
  Object.entries(snapshot).map(([name, json]) => ({
    name,
    results: seriesIn(json).map(({ metric, values }) => ({
      metric,
      values: values.map(({ id, doubleValue, isEmptyValue }) => ({
        id,
        owner: null,
        value: isEmptyValue ? null : String(doubleValue),
        traceID: null,
      })),
    })),
  }));

function seriesIn(json: string): readonly SnapshotSeries[] {
  try {
    return JSON.parse(json) as readonly SnapshotSeries[];
  } catch {
    return [];
  }
}
