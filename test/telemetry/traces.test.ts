import { randomBytes } from 'node:crypto';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { Agent } from '../dialects/skywalking/agent.ts';
import { openPort } from '../dialects/skywalking/gateway.ts';
import { bootGateway, type TestGateway } from '../harness.ts';
import { startReceiver, until } from '../sinks/receiver.ts';
import { type Collector, startCollector } from './collector.ts';

function newTrace() {
  const traceId = randomBytes(16).toString('hex');
  const spanId = randomBytes(8).toString('hex');
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-01` };
}

let collector: Collector;
let gateway: TestGateway;
beforeAll(async () => {
  // Read by the SDK: spans are sent after this many milliseconds, instead of 5,000.
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '50');
  collector = await startCollector();
  gateway = await bootGateway({
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_METRICS_EXPORTER: 'none',
      TIDINGS_SECRET_KEY: 'a key for the tests only',
      TIDINGS_SINK_NETWORKS: '127.0.0.0/8',
    },
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await collector[Symbol.asyncDispose]();
  vi.unstubAllEnvs();
});

async function post(query: string, headers: Record<string, string> = {}) {
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: the test says what it expects.
  const { data, errors } = (await response.json()) as any;
  expect(errors).toBeUndefined();
  return data;
}

const reportOf = (event: string) =>
  `mutation { reportEvent(event: ${event}) { ... on ReportedEvent { id index status } } }`;

const traitOf = async (id: string) =>
  (await post(`{ event(id: "${id}") { trait(name: "traceparent") { text } } }`)).event.trait;

test('a trace goes from the client over report, journal and store to the delivery of a sink, and on to its target', async () => {
  await using receiver = await startReceiver();
  const { createSink } = await gateway.gql(
    `mutation ($input: SinkInput!) { createSink(input: $input) { sink { id } } }`,
    {
      input: {
        name: 'traced',
        filter: { categories: ['Traced'] },
        target: { webhook: { url: receiver.url } },
      },
    },
  );
  const client = newTrace();
  const { reportEvent } = await post(reportOf('{ type: "Traced.Made" }'), {
    traceparent: client.traceparent,
  });
  await until(() => receiver.received.length === 1);
  const ofTrace = (name: string) =>
    collector.span((span) => span.name === name && span.traceId === client.traceId);
  const request = await ofTrace('POST /graphql');
  const report = await ofTrace('report');
  const append = await ofTrace('journal append');
  const fill = await ofTrace('store fill');
  const delivery = await ofTrace('sink delivery');

  expect(request).toMatchObject({ parentSpanId: client.spanId, kind: 2, service: 'tidings' });
  expect(report.parentSpanId).toBe(request.spanId);
  expect(append.parentSpanId).toBe(report.spanId);
  expect(append.attributes['tidings.index']).toBe(reportEvent.index);
  expect(fill.parentSpanId).toBe(client.spanId);
  expect(delivery).toMatchObject({
    parentSpanId: client.spanId,
    attributes: {
      'tidings.sink': createSink.sink.id,
      'tidings.index': reportEvent.index,
      'tidings.outcome': 'DELIVERED',
      'tidings.status': 200,
    },
  });
  expect(receiver.received[0]?.headers.traceparent).toBe(
    `00-${client.traceId}-${delivery.spanId}-01`,
  );
  expect(await traitOf(reportEvent.id)).toEqual({ text: client.traceparent });
});

test('a failed delivery is tried again within its trace', async () => {
  await using receiver = await startReceiver((_, response) => response.writeHead(503).end());
  await gateway.gql(`mutation ($input: SinkInput!) { createSink(input: $input) { sink { id } } }`, {
    input: {
      name: 'failing',
      filter: { categories: ['Failing'] },
      target: { webhook: { url: receiver.url } },
    },
  });
  const client = newTrace();
  await post(reportOf('{ type: "Failing.Made" }'), { traceparent: client.traceparent });
  await until(() => receiver.received.length === 1);
  receiver.answer = (_, response) => response.end();
  await until(() => receiver.received.length === 2);
  const deliveries = () =>
    collector.spans.filter(
      ({ name, traceId }) => name === 'sink delivery' && traceId === client.traceId,
    );
  await until(() => deliveries().length === 2);
  expect(deliveries().map(({ status }) => status)).toEqual([2, 0]);
});

test('a delivery of events of several traces has a link to each', async () => {
  await using receiver = await startReceiver();
  const traces = [newTrace(), newTrace()];
  for (const { traceparent } of traces) {
    await post(reportOf('{ type: "Batched.Made" }'), { traceparent });
  }
  await gateway.gql(`mutation ($input: SinkInput!) { createSink(input: $input) { sink { id } } }`, {
    input: {
      name: 'batched',
      filter: { categories: ['Batched'] },
      format: 'CLOUDEVENTS_BATCH',
      batch: 10,
      start: { index: 1 },
      target: { webhook: { url: receiver.url } },
    },
  });
  const wanted = traces.map(({ traceId, spanId }) => `${traceId} ${spanId}`);
  const delivery = await collector.span(
    ({ name, links }) => name === 'sink delivery' && links.length === 2,
  );
  expect(delivery.links).toEqual(wanted);
  expect(delivery.parentSpanId).toBe('');
});

test('a repeat of a report in another span is a duplicate', async () => {
  const id = '019abcde-0000-7000-8000-000000000001';
  const report = (traceparent: string) =>
    post(reportOf(`{ id: "${id}", type: "Repeated.Made", time: "2026-01-01T00:00:00Z" }`), {
      ...(traceparent && { traceparent }),
    });
  const first = newTrace();
  expect((await report(first.traceparent)).reportEvent.status).toBe('STORED');
  expect((await report(newTrace().traceparent)).reportEvent.status).toBe('DUPLICATE');
  expect((await report('')).reportEvent.status).toBe('DUPLICATE');
  expect(await traitOf(id)).toEqual({ text: first.traceparent });
});

test('a traceparent that is none is passed over, and an event without one has no trait', async () => {
  const { reportEvent } = await post(reportOf('{ type: "Untraced.Made" }'), {
    traceparent: `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`,
  });
  expect(await traitOf(reportEvent.id)).toBeNull();
});

test('a query has a span for each read, of its request', async () => {
  const client = newTrace();
  await post('{ events(first: 1) { nodes { id } totalCount } }', {
    traceparent: client.traceparent,
  });
  const request = await collector.span(
    ({ name, traceId }) => name === 'POST /graphql' && traceId === client.traceId,
  );
  for (const name of ['query page', 'query count']) {
    const read = await collector.span(
      (span) => span.name === name && span.traceId === client.traceId,
    );
    expect(read).toMatchObject({ kind: 3, parentSpanId: request.spanId });
  }
});

test('events by gRPC keep the traceparent of the metadata', async () => {
  await using port = await openPort(gateway.gateway.context);
  using agent = new Agent(port.port);
  const client = newTrace();
  agent.send('traceparent', client.traceparent);
  const source = { service: 'shop' };
  await agent.report({ uuid: 'traced', source, name: 'Started', layer: 'GENERAL' });
  const { events } = await gateway.gql(
    `{ events(filter: { dialects: [SKYWALKING] }) { nodes { trait(name: "traceparent") { text } } } }`,
  );
  expect(events.nodes).toEqual([{ trait: { text: client.traceparent } }]);
  const report = await collector.span(
    ({ name, traceId }) => name === 'report' && traceId === client.traceId,
  );
  expect(report.parentSpanId).toBe(client.spanId);
});

test('probes have no spans', async () => {
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    expect((await fetch(`${gateway.origin}${path}`)).status).toBe(200);
  }
  const client = newTrace();
  await fetch(`${gateway.origin}/`, { headers: { traceparent: client.traceparent } });
  await collector.span(({ traceId }) => traceId === client.traceId);
  expect(collector.spans.filter(({ name }) => /healthz|readyz|metrics/.test(name))).toEqual([]);
});

describe('over a WebSocket', () => {
  const open = (traceparent: string) =>
    createClient({
      url: gateway.webSocketUrl,
      webSocketImpl: WebSocket,
      connectionParams: { traceparent },
    });

  test('a report keeps the traceparent of connection_init, or that of its own message', async () => {
    const [ofConnection, ofMessage] = [newTrace(), newTrace()];
    const client = open(ofConnection.traceparent);
    const report = async (extensions?: Record<string, unknown>) => {
      const query = reportOf('{ type: "Socket.Made" }');
      const { value } = await client.iterate({ query, extensions: extensions ?? null }).next();
      // biome-ignore lint/suspicious/noExplicitAny: the test says what it expects.
      return (value as any).data.reportEvent.id as string;
    };
    expect(await traitOf(await report())).toEqual({ text: ofConnection.traceparent });
    expect(await traitOf(await report({ traceparent: ofMessage.traceparent }))).toEqual({
      text: ofMessage.traceparent,
    });
    await client.dispose();
    const mutation = await collector.span(
      ({ name, traceId }) => name === 'websocket mutation' && traceId === ofMessage.traceId,
    );
    expect(mutation.parentSpanId).toBe(ofMessage.spanId);
  });

  test('a feed has a span from its beginning to its end, which says how much was sent', async () => {
    const trace = newTrace();
    const client = open(trace.traceparent);
    const query =
      'subscription { events(filter: { categories: ["Fed"] }, afterIndex: 0) { index } }';
    const feed = client.iterate({ query });
    const { reportEvent } = await post(reportOf('{ type: "Fed.Made" }'));
    await feed.next();
    await feed.return?.();
    await client.dispose();
    const span = await collector.span(
      ({ name, traceId }) => name === 'feed' && traceId === trace.traceId,
    );
    expect(span).toMatchObject({
      parentSpanId: trace.spanId,
      attributes: {
        'tidings.after_index': 0,
        'tidings.sent': 1,
        'tidings.last_index': reportEvent.index,
      },
    });
  });
});
