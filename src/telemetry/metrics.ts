import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Dialect } from '../event/event.ts';

export type ReportOutcome = 'stored' | 'accepted' | 'duplicate' | 'rejected';

/** A number that is read when somebody asks for the metrics, or one for each value of a label. */
type GaugeSource = {
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

/** The gateway's metrics: one function for each fact that is counted. None of them throws. */
export interface Metrics {
  reported(dialect: Dialect, outcome: ReportOutcome, count: number): void;
  /** An event's time was too far in the future, and was replaced by the time of its arrival. */
  clockAhead(dialect: Dialect): void;
  appended(seconds: number): void;
  /** A live event was handed to its subscriptions this many seconds after it was recorded. */
  delivered(seconds: number): void;
  gauge(source: GaugeSource): void;
  /** A count that something else keeps, read as a counter: its name ends in _total. */
  count(source: GaugeSource): void;
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
  const delivery = new Histogram({
    name: 'tidings_live_delivery_seconds',
    help: 'How long after it was recorded a live event was handed to its subscriptions.',
    buckets,
    registers,
  });
  return {
    reported: (dialect, result, count) =>
      reported.inc({ dialect: dialect.toLowerCase(), result }, count),
    clockAhead: (dialect) => clockAhead.inc({ dialect: dialect.toLowerCase() }),
    appended: (seconds) => append.observe(seconds),
    delivered: (seconds) => delivery.observe(seconds),
    gauge(source) {
      new Gauge({
        ...declared(source),
        registers,
        collect() {
          this.reset();
          for (const [labels, value] of samplesOf(source)) this.set(labels, value);
        },
      });
    },
    count(source) {
      new Counter({
        ...declared(source),
        registers,
        collect() {
          this.reset();
          for (const [labels, value] of samplesOf(source)) this.inc(labels, value);
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

const declared = ({ name, help, label }: GaugeSource) => ({
  name,
  help,
  labelNames: label === undefined ? [] : [label],
});

function samplesOf(source: GaugeSource): readonly [Readonly<Record<string, string>>, number][] {
  if (source.label === undefined) return [[{}, source.read()]];
  const { label } = source;
  return [...source.read()].map(([name, value]) => [{ [label]: name }, value]);
}
