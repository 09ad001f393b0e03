import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { Tracing } from './tracing.ts';

/** Where traces and metrics go by OTLP; null for what is not sent. */
export interface TelemetrySettings {
  readonly tracesUrl: string | null;
  readonly metricsUrl: string | null;
  readonly metricIntervalMs: number;
}

/** Sends traces and metrics. Disposing sends the last of them, for a few seconds at most. */
export interface OpenTelemetry extends AsyncDisposable {
  /** Null where only metrics are sent. */
  readonly tracing: Tracing | null;
  /** Begins to send metrics, and to log what cannot be sent. */
  begin(metrics: Metrics, log: Log): Promise<void>;
}

const lastExportMs = 3_000;
const longestExportMs = 30_000;
const logIntervalMs = 60_000;

/**
 * Loads OpenTelemetry's packages, which are optional. They read the rest of their settings from OTEL_ variables themselves.
 * @throws Error with a sentence where they are not installed
 */
export async function openTelemetry(
  settings: TelemetrySettings,
  version: string,
): Promise<OpenTelemetry> {
  const resource = await installed(() => resourceOf(version));
  const traces = await installed(() => openTraces(settings, resource));
  const closers = traces === null ? [] : [() => traces.shutdown()];
  return {
    tracing: traces && new Tracing(traces.getTracer('tidings', version)),
    async begin(metrics, log) {
      diag.setLogger(logOf(log), {
        logLevel: DiagLogLevel.WARN,
        suppressOverrideMessage: true,
      });
      const sent = await installed(() => openMetrics(settings, resource, metrics, version));
      if (sent !== null) closers.push(() => sent.shutdown());
    },
    async [Symbol.asyncDispose]() {
      const closed = Promise.allSettled(closers.map((close) => close()));
      await Promise.race([closed, setTimeout(lastExportMs, undefined, { ref: false })]);
      diag.disable();
    },
  };
}

async function installed<Loaded>(load: () => Promise<Loaded>): Promise<Loaded> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new Error(
      "OTEL_EXPORTER_OTLP_ENDPOINT or one of its kind is set, and OpenTelemetry's packages are not installed: install them as docs/telemetry.md says, or set OTEL_SDK_DISABLED=true.",
      { cause },
    );
  }
}

async function resourceOf(version: string): Promise<Resource> {
  const { detectResources, envDetector, resourceFromAttributes } = await import(
    '@opentelemetry/resources'
  );
  const own = resourceFromAttributes({
    'service.name': 'tidings',
    'service.version': version,
    'service.instance.id': randomUUID(),
  });
  return own.merge(detectResources({ detectors: [envDetector] }));
}

async function openTraces({ tracesUrl }: TelemetrySettings, resource: Resource) {
  if (tracesUrl === null) return null;
  const { BasicTracerProvider, BatchSpanProcessor } = await import('@opentelemetry/sdk-trace-base');
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  const exporter = new OTLPTraceExporter({ url: tracesUrl });
  return new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(exporter)] });
}

async function openMetrics(
  { metricsUrl, metricIntervalMs }: TelemetrySettings,
  resource: Resource,
  metrics: Metrics,
  version: string,
) {
  if (metricsUrl === null) return null;
  const { MeterProvider, PeriodicExportingMetricReader } = await import(
    '@opentelemetry/sdk-metrics'
  );
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-proto');
  const { MetricsProducer } = await import('./otlp-metrics.ts');
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url: metricsUrl }),
    exportIntervalMillis: metricIntervalMs,
    exportTimeoutMillis: Math.min(metricIntervalMs, longestExportMs),
    metricProducers: [new MetricsProducer(metrics, resource, version)],
  });
  return new MeterProvider({ resource, readers: [reader] });
}

/** What OpenTelemetry says of itself, once a minute at most: an unreachable collector is said at each export. */
function logOf(log: Log): DiagLogger {
  let nextLogAtMs = 0;
  const warn = (reason: string): void => {
    const now = performance.now();
    if (now < nextLogAtMs) return;
    nextLogAtMs = now + logIntervalMs;
    log.warn({ reason }, 'Traces or metrics could not be sent.');
  };
  const silent = () => {};
  return { error: warn, warn, info: silent, debug: silent, verbose: silent };
}
