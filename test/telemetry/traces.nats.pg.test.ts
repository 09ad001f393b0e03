import { randomBytes } from 'node:crypto';
import { connect, headers } from 'nats';
import { expect, test, vi } from 'vitest';
import { bootGateway } from '../harness.ts';
import { startNatsServer } from '../nats-server.ts';
import { postgresAvailable, startDatabase } from '../postgres.ts';
import { startReceiver } from '../sinks/receiver.ts';
import { startCollector } from './collector.ts';

test.skipIf(!(await postgresAvailable()))(
  'a trace goes from a message of NATS over the stream to PostgreSQL and to the delivery of a sink',
  async () => {
    vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '50');
    await using collector = await startCollector();
    await using server = await startNatsServer();
    await using database = await startDatabase();
    await using receiver = await startReceiver();
    await using gateway = await bootGateway({
      environment: {
        NATS_URL: server.url,
        DATABASE_URL: database.url,
        TIDINGS_SECRET_KEY: 'a key for the tests only',
        TIDINGS_SINK_NETWORKS: '127.0.0.0/8',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`,
        CLOUDEVENTS_SUBJECT: 'orders.>',
      },
    });
    await gateway.gql(
      'mutation ($input: SinkInput!) { createSink(input: $input) { sink { id } } }',
      {
        input: {
          name: 'traced',
          filter: { types: ['Order.Made'] },
          target: { webhook: { url: receiver.url } },
        },
      },
    );
    const sender = await connect({ servers: server.url });
    const traceId = randomBytes(16).toString('hex');
    const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`;
    const sent = headers();
    sent.set('traceparent', traceparent);
    for (const [name, value] of Object.entries({
      'ce-id': '1',
      'ce-source': '/orders',
      'ce-specversion': '1.0',
      'ce-type': 'Order.Made',
    })) {
      sent.set(name, value);
    }
    // Without a stream, what is published before the gateway has subscribed is lost.
    await vi.waitFor(async () => {
      sender.publish('orders.a', '', { headers: sent });
      await sender.flush();
      const { events } = await gateway.gql(
        '{ events { nodes { traitText: trait(name: "traceparent") { text } } } }',
      );
      expect(events.nodes[0]).toEqual({ traitText: { text: traceparent } });
    });
    const spans = new Map<string, string>();
    for (const name of ['report', 'journal append', 'store fill', 'sink delivery']) {
      const span = await collector.span((each) => each.name === name && each.traceId === traceId);
      spans.set(name, span.spanId);
    }
    expect(receiver.received[0]?.headers.traceparent).toBe(
      `00-${traceId}-${spans.get('sink delivery')}-01`,
    );
    await sender.close();
    vi.unstubAllEnvs();
  },
);
