import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { MethodDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { expect, vi } from 'vitest';

const file = fileURLToPath(new URL('../fixtures/opentelemetry/export.proto', import.meta.url));
const options = { longs: Number, bytes: Buffer, arrays: true, oneofs: true };
const { Traces, Metrics } = loadSync(file, options)['test.otlp.Collector'] as unknown as {
  readonly Traces: MethodDefinition<object, object>;
  readonly Metrics: MethodDefinition<object, object>;
};

type Attributes = Readonly<Record<string, string | number | boolean>>;

interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first of a trace. */
  readonly parentSpanId: string;
  readonly name: string;
  /** As OTLP numbers them: 1 INTERNAL, 2 SERVER, 3 CLIENT, 4 PRODUCER. */
  readonly kind: number;
  readonly attributes: Attributes;
  /** trace id, span id */
  readonly links: readonly string[];
  /** 2 is an error. */
  readonly status: number;
  readonly service: string;
}

interface CollectedMetric {
  readonly name: string;
  readonly data: 'gauge' | 'sum' | 'histogram';
  readonly points: readonly {
    readonly attributes: Attributes;
    readonly value: number;
    readonly counts: readonly number[];
    readonly bounds: readonly number[];
  }[];
}

/** A collector of OpenTelemetry's, which reads OTLP over HTTP in protobuf and keeps what it is sent. */
export interface Collector extends AsyncDisposable {
  /** http://127.0.0.1:port */
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** Of the latest export. */
  readonly metrics: readonly CollectedMetric[];
  /** Waits until there is a span that passes. */
  span(passes: (span: CollectedSpan) => boolean): Promise<CollectedSpan>;
}

// biome-ignore lint/suspicious/noExplicitAny: messages as protobuf has them, read field by field below.
type Message = any;

export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  let metrics: readonly CollectedMetric[] = [];
  const server = createServer(async (request, response) => {
    const sent = await buffer(request);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
    if (request.url === '/v1/traces') spans.push(...spansIn(Traces.requestDeserialize(body)));
    else if (request.url === '/v1/metrics') metrics = metricsIn(Metrics.requestDeserialize(body));
    else response.statusCode = 404;
    response.setHeader('content-type', 'application/x-protobuf').end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    get metrics() {
      return metrics;
    },
    span: (passes) =>
      vi.waitFor(() => {
        const span = spans.find(passes);
        return span ?? expect.fail(`only ${spans.map(({ name }) => name).join(', ')}`);
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const spansIn = ({ resourceSpans }: Message): CollectedSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }: Message) =>
    scopeSpans.flatMap((scope: Message) =>
      scope.spans.map((span: Message) => ({
        traceId: span.traceId.toString('hex'),
        spanId: span.spanId.toString('hex'),
        parentSpanId: span.parentSpanId?.toString('hex') ?? '',
        name: span.name,
        kind: span.kind ?? 0,
        attributes: attributesIn(span),
        links: span.links.map(
          ({ traceId, spanId }: Message) => `${traceId.toString('hex')} ${spanId.toString('hex')}`,
        ),
        status: span.status?.code ?? 0,
        service: attributesIn(resource)['service.name'],
      })),
    ),
  );

const metricsIn = ({ resourceMetrics }: Message): CollectedMetric[] =>
  resourceMetrics.flatMap(({ scopeMetrics }: Message) =>
    scopeMetrics.flatMap((scope: Message) =>
      scope.metrics.map((metric: Message) => ({
        name: metric.name,
        data: metric.data,
        points: metric[metric.data].dataPoints.map((point: Message) => ({
          attributes: attributesIn(point),
          value: point.asDouble ?? point.asInt ?? point.sum ?? 0,
          counts: point.bucketCounts ?? [],
          bounds: point.explicitBounds ?? [],
        })),
      })),
    ),
  );

const attributesIn = ({ attributes }: Message): Attributes =>
  Object.fromEntries(attributes.map(({ key, value }: Message) => [key, value[value.value]]));
