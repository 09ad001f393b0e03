import { randomBytes } from 'node:crypto';
import { connect, headers } from 'nats';
import { expect, test, vi } from 'vitest';
import { bootGateway } from '../harness.ts';
import { startNatsServer } from '../nats-server.ts';
import { startCollector } from './collector.ts';

test('a trace goes from a message of NATS over the stream to the store', async () => {
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '50');
  await using collector = await startCollector();
  await using server = await startNatsServer();
  await using gateway = await bootGateway({
    environment: {
      NATS_URL: server.url,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`,
      CLOUDEVENTS_SUBJECT: 'orders.>',
    },
  });
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
  for (const name of ['report', 'journal append', 'store fill']) {
    await collector.span((span) => span.name === name && span.traceId === traceId);
  }
  await sender.close();
  vi.unstubAllEnvs();
});
