import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Dialect } from '../event/event.ts';

export type ReportOutcome = 'stored' | 'accepted' | 'duplicate' | 'rejected';

/** A number that is read when somebody asks for the metrics, or one for each value of a label. */
type ReadMetric = {
  /** By Prometheus' conventions: tidings_store_lag_events. */
  readonly name: string;
  readonly help: string;
} & (
  | { readonly label?: undefined; readonly read: () => number }
  | { readonly label: string; readonly read: () => ReadonlyMap<string, number> }
);

/** A value of a metric. */
export interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /** Of a histogram's samples: its name with _bucket, _sum or _count. */
  readonly metricName?: string;
}

/** A metric, with a sample for each set of labels. */
export interface MetricSamples {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly samples: readonly Sample[];
}

/**
 * The gateway's metrics. What is counted as it happens has a function of its own, which does not throw. What a part keeps
 * itself is read by `gauge` or `counter`, where the gateway opens that part, or in gateway/gauges.ts.
 */
export interface Metrics {
  reported(dialect: Dialect, outcome: ReportOutcome, count: number): void;
  /** An event's time was too far in the future, and was replaced by the time of its arrival. */
  clockAhead(dialect: Dialect): void;
  appended(seconds: number): void;
  /** A live event was handed to the first of its subscriptions this many seconds after it was recorded. */
  liveDelay(seconds: number): void;
  gauge(metric: ReadMetric): void;
  /** A number that only grows: its name ends in _total. */
  counter(metric: ReadMetric): void;
  /** In the text format of Prometheus. */
  text(): Promise<string>;
  /** All of them, as they are now. */
  samples(): Promise<readonly MetricSamples[]>;
  readonly contentType: string;
}

/** Seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const reported = new Counter({
    name: 'tidings_events_reported_total',
    help: 'Reports that were answered, by dialect and by what became of them.',
    labelNames: ['dialect', 'result'] as const,
    registers,
  });
  const clockAhead = new Counter({
    name: 'tidings_events_clock_ahead_total',
    help: 'Events that got the time of their arrival because the reported time was too far in the future or not a time.',
    labelNames: ['dialect'] as const,
    registers,
  });
  const append = new Histogram({
    name: 'tidings_journal_append_seconds',
    help: 'How long the journal took to make reports safe.',
    buckets,
    registers,
  });
  const delay = new Histogram({
    name: 'tidings_live_delivery_seconds',
    help: 'How long after it was recorded a live event was handed to the first of its subscriptions.',
    buckets,
    registers,
  });
  return {
    reported: (dialect, result, count) =>
      reported.inc({ dialect: dialect.toLowerCase(), result }, count),
    clockAhead: (dialect) => clockAhead.inc({ dialect: dialect.toLowerCase() }),
    appended: (seconds) => append.observe(seconds),
    liveDelay: (seconds) => delay.observe(seconds),
    gauge(metric) {
      new Gauge({
        ...declared(metric),
        registers,
        collect() {
          this.reset();
          for (const [labels, value] of samplesOf(metric)) this.set(labels, value);
        },
      });
    },
    counter(metric) {
      new Counter({
        ...declared(metric),
        registers,
        collect() {
          this.reset();
          for (const [labels, value] of samplesOf(metric)) this.inc(labels, value);
        },
      });
    },
    text: () => registry.metrics(),
    async samples() {
      const metrics = await registry.getMetricsAsJSON();
      return metrics.map(({ name, help, type, ...metric }) => ({
        name,
        help,
        type: String(type) as MetricSamples['type'],
        samples: (metric as unknown as { readonly values: readonly Sample[] }).values,
      }));
    },
    contentType: registry.contentType,
  };
}

const declared = ({ name, help, label }: ReadMetric) => ({
  name,
  help,
  labelNames: label === undefined ? [] : [label],
});

function samplesOf(metric: ReadMetric): readonly [Readonly<Record<string, string>>, number][] {
  if (metric.label === undefined) return [[{}, metric.read()]];
  const { label } = metric;
  return [...metric.read()].map(([name, value]) => [{ [label]: name }, value]);
}
