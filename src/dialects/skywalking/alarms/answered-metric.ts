import type { SnapshotSeries } from '../../../alarms/expression/snapshot.ts';

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
