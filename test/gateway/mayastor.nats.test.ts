import { readFileSync } from 'node:fs';
import { createClient } from 'graphql-ws';
import { connect } from 'nats';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { bootGateway } from '../harness.ts';
import { startNatsServer } from '../nats-server.ts';

interface Case {
  readonly logical: { readonly category: string; readonly action: string; readonly id: string };
  readonly subject: string;
  readonly wire_legacy: object;
  readonly wire_pbjson: object;
}

const { events: cases } = JSON.parse(
  readFileSync(new URL('../fixtures/mayastor-cases.json', import.meta.url), 'utf8'),
) as { events: Case[] };

/** The encodings in turn, as a cluster sends them while it is upgraded. */
const wireOf = (one: Case, at: number): object =>
  at % 2 === 0 ? one.wire_legacy : one.wire_pbjson;

test("Mayastor's messages, published as Mayastor publishes them, are followed and found", async () => {
  await using nats = await startNatsServer();
  await using gateway = await bootGateway({
    environment: { NATS_URL: nats.url, MAYASTOR_STREAM: 'events-stream' },
  });
  const client = createClient({ url: gateway.webSocketUrl, webSocketImpl: WebSocket });
  const feed = client.iterate<{ events: { id: string; type: string; raw: object } }>({
    query:
      'subscription { events(filter: { dialects: [MAYASTOR] }, afterIndex: 0) { id type raw } }',
  });

  const connection = await connect({ servers: nats.url });
  const jetStream = connection.jetstream();
  await expect
    .poll(async () => (await (await connection.jetstreamManager()).streams.names().next()).length)
    .toBeGreaterThan(1);
  for (const [at, one] of cases.entries()) {
    await jetStream.publish(one.subject, JSON.stringify(wireOf(one, at)));
  }

  const followed = new Map<string, { type: string; raw: object }>();
  for await (const { data } of feed) {
    if (data) followed.set(data.events.id, data.events);
    if (followed.size === cases.length) break;
  }
  for (const [at, one] of cases.entries()) {
    const { category, action, id } = one.logical;
    expect(followed.get(id)).toMatchObject({ type: `${category}.${action}`, raw: wireOf(one, at) });
  }

  const paths = cases.filter(({ logical }) => logical.category === 'NvmePath');
  expect(paths).not.toEqual([]);
  await expect
    .poll(async () => {
      const { events } = await gateway.gql(
        '{ events(filter: { types: ["NvmePath.*"] }) { totalCount nodes { category { description } source { component plane } } } }',
      );
      return events.totalCount;
    })
    .toBe(paths.length);
  const metrics = await (await fetch(`${gateway.origin}/metrics`)).text();
  expect(metrics).toContain(`tidings_source_received_total{source="mayastor"} ${cases.length}`);
  expect(metrics).toContain('tidings_source_up{source="mayastor"} 1');
  await client.dispose();
  await connection.close();
});
