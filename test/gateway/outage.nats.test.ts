import { createClient } from 'graphql-ws';
import { describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createLog } from '../../src/telemetry/log.ts';
import { bootGateway, type TestGateway } from '../harness.ts';
import { startNatsServer } from '../nats-server.ts';
import { patienceMs } from '../patience.ts';
import { postgresAvailable, startDatabase, startPostgres } from '../postgres.ts';

const report = `mutation ($message: String, $wait: ReportWait) {
  reportEvent(event: { type: "Outage.Item", message: $message }, wait: $wait) { ... on ReportedEvent { index status } }
}`;
const overrides = { log: createLog('silent') };
const patience = { timeout: patienceMs, interval: 100 };

const readyOf = (gateway: TestGateway): Promise<number> =>
  fetch(`${gateway.origin}/readyz`).then(({ status }) => status);

/** Retries a report until it is acknowledged, as a careful reporter does. */
const reportAtLast = (gateway: TestGateway, message: string): Promise<void> =>
  vi.waitFor(
    async () => expect((await gateway.run(report, { message })).errors).toBeUndefined(),
    patience,
  );

/** Follows everything from the beginning; `messages` grows as they arrive. */
function follow(gateway: TestGateway) {
  const messages: string[] = [];
  const client = createClient({ url: gateway.webSocketUrl, webSocketImpl: WebSocket });
  const query = 'subscription { events(afterIndex: 0) { message } }';
  const over = (async () => {
    for await (const { data } of client.iterate<{ events: { message: string } }>({ query })) {
      if (data) messages.push(data.events.message);
    }
  })().catch(() => {});
  return {
    messages,
    async [Symbol.asyncDispose]() {
      await client.dispose();
      await over;
    },
  };
}

describe.runIf(await postgresAvailable())('with PostgreSQL', () => {
  test('NATS stops and starts: reports fail meanwhile, feeds miss nothing', async () => {
    await using nats = await startNatsServer();
    await using database = await startDatabase();
    await using gateway = await bootGateway({
      environment: { NATS_URL: nats.url, DATABASE_URL: database.url },
      overrides,
    });
    await using feed = follow(gateway);
    await reportAtLast(gateway, 'before');
    await expect.poll(() => feed.messages, patience).toEqual(['before']);

    await nats.stop();
    await expect.poll(() => readyOf(gateway), patience).toBe(503);
    const { errors } = await gateway.run(report, { message: 'meanwhile' });
    expect(errors?.[0]?.extensions).toEqual({ code: 'UNAVAILABLE' });
    expect((await gateway.gql('{ events { totalCount } }')).events).toEqual({ totalCount: 1 });

    await nats.restart();
    await expect.poll(() => readyOf(gateway), patience).toBe(200);
    await reportAtLast(gateway, 'after');
    await expect.poll(() => feed.messages.at(-1), patience).toBe('after');
    expect(new Set(feed.messages).size).toBe(feed.messages.length);
  });

  test('PostgreSQL stops and starts: reports and feeds go on, the store catches up', async () => {
    await using nats = await startNatsServer();
    await using postgres = await startPostgres();
    await using gateway = await bootGateway({
      environment: { NATS_URL: nats.url, DATABASE_URL: postgres.url },
      overrides,
    });
    await using feed = follow(gateway);
    await reportAtLast(gateway, 'before');
    await expect.poll(() => feed.messages, patience).toEqual(['before']);

    await postgres.stop();
    await expect.poll(() => readyOf(gateway), patience).toBe(503);
    const { data } = await gateway.run(report, { message: 'meanwhile', wait: 'ACCEPTED' });
    expect(data?.reportEvent).toMatchObject({ status: 'ACCEPTED' });
    await expect.poll(() => feed.messages, patience).toEqual(['before', 'meanwhile']);
    const { errors } = await gateway.run('{ events { totalCount } }');
    expect(errors?.[0]?.extensions).toEqual({ code: 'UNAVAILABLE' });

    await postgres.start();
    await expect.poll(() => readyOf(gateway), patience).toBe(200);
    await expect
      .poll(async () => (await gateway.run('{ events { totalCount } }')).data, patience)
      .toEqual({ events: { totalCount: 2 } });
  });
});
