import { type HrTime, ValueType } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type CollectionResult,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import type { MetricSamples, Metrics, Sample } from './metrics.ts';

/** Reads the metrics that /metrics shows, with the same names and values, for OTLP. */
export class MetricsProducer implements MetricProducer {
  readonly #metrics: Metrics;
  readonly #resource: Resource;
  readonly #version: string;
  readonly #startTime = hrTime(performance.timeOrigin);

  constructor(metrics: Metrics, resource: Resource, version: string) {
    this.#metrics = metrics;
    this.#resource = resource;
    this.#version = version;
  }

  async collect(): Promise<CollectionResult> {
    const endTime = hrTime(Date.now());
    const times = { startTime: this.#startTime, endTime };
    const samples = await this.#metrics.samples();
    const metrics = samples.flatMap((metric) => dataOf(metric, times) ?? []);
    const scope = { name: 'tidings', version: this.#version };
    return {
      resourceMetrics: { resource: this.#resource, scopeMetrics: [{ scope, metrics }] },
      errors: [],
    };
  }
}

type Times = Pick<DataPoint<unknown>, 'startTime' | 'endTime'>;

/** Null for a kind of metric that the gateway does not have. */
function dataOf(metric: MetricSamples, times: Times): MetricData | null {
  const { name, help, type, samples } = metric;
  const shared = {
    descriptor: { name, description: help, unit: '', valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const dataPoints = samples.map(({ labels, value }) => ({ ...times, attributes: labels, value }));
  switch (type) {
    case 'counter':
      return { ...shared, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
    case 'gauge':
      return { ...shared, dataPointType: DataPointType.GAUGE, dataPoints };
    case 'histogram': {
      const histograms = histogramsIn(metric, times);
      return { ...shared, dataPointType: DataPointType.HISTOGRAM, dataPoints: histograms };
    }
    default:
      return null;
  }
}

/** Prometheus has a sample for each bucket, which counts those below it as well; one histogram for each set of labels. */
function histogramsIn({ name, samples }: MetricSamples, times: Times): DataPoint<Histogram>[] {
  const series = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(Object.entries(labels).sort());
    const others = series.get(key);
    if (others) others.push({ ...sample, labels: { ...sample.labels } });
    else series.set(key, [sample]);
  }
  return [...series.values()].map((of) => {
    const { le: _, ...attributes } = of[0]?.labels ?? {};
    const only = (part: string) => of.filter(({ metricName }) => metricName === `${name}_${part}`);
    const buckets = only('bucket')
      .map(({ labels, value }) => ({ bound: boundOf(labels.le), value }))
      .sort((a, b) => a.bound - b.bound);
    return {
      ...times,
      attributes,
      value: {
        buckets: {
          boundaries: buckets.map(({ bound }) => bound).filter(Number.isFinite),
          counts: buckets.map(({ value }, at) => value - (buckets[at - 1]?.value ?? 0)),
        },
        sum: only('sum')[0]?.value ?? 0,
        count: only('count')[0]?.value ?? 0,
      },
    };
  });
}

const boundOf = (le: string | number | undefined): number =>
  le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);

/** Seconds, and nanoseconds of a second. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}
