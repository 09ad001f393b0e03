import { connect } from 'nats';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type NatsServer, startNatsServer } from '../nats-server.ts';
import { type PostgresServer, startPostgres } from '../postgres.ts';
import { type GatewayProcess, startGatewayProcess } from './gateway-process.ts';
import { expectNothingLost, followAll, request, Storm, survive } from './storm.ts';

let nats: NatsServer;
let postgres: PostgresServer;
let one: GatewayProcess;
let other: GatewayProcess;

beforeAll(async () => {
  // What JetStream acknowledged must be on disk when its server is killed.
  nats = await startNatsServer();
  postgres = await startPostgres();
  const environment = { NATS_URL: nats.url, DATABASE_URL: postgres.url };
  one = await startGatewayProcess(environment);
  other = await startGatewayProcess(environment);
}, 120_000);

afterAll(async () => {
  for (const part of [other, one, postgres, nats]) await part?.[Symbol.asyncDispose]();
});

/** A storm over both gateways. */
const surviveBoth = (happening: (storm: Storm) => Promise<void>): Promise<void> =>
  survive([one.url, other.url], happening);

test('one of two gateways is killed, then the other', async () => {
  await surviveBoth(async (storm) => {
    for (const gateway of [one, other, one]) {
      await gateway.kill();
      await storm.more(200);
      await gateway.start();
    }
  });
});

test('nats-server stops and starts, and is killed and started', async () => {
  await surviveBoth(async (storm) => {
    await nats.stop();
    await nats.restart();
    await storm.more(400);
    await nats.kill();
    await nats.restart();
  });
});

test('PostgreSQL stops and starts: reports and live feeds go on, and the store catches up', async () => {
  await surviveBoth(async (storm) => {
    await postgres.stop();
    // Acknowledged without the database.
    await storm.more(400);
    await postgres.start();
    await storm.more(200);
    await postgres.kill();
    await postgres.start();
  });
});

test('the stream is deleted: numbering goes on above everything, and nothing stored is lost', async () => {
  const status = `{ journal { lastIndex storedIndex } }`;
  interface Status {
    journal: { lastIndex: number; storedIndex: number };
  }
  const follower = followAll(one.url);
  const storm = new Storm([one.url, other.url]);
  await storm.more(400);
  await storm.stop();
  await expectNothingLost(storm, one.url, follower);
  const before = (await request<Status>(one.url, status)).journal.lastIndex;

  const connection = await connect({ servers: nats.url });
  const manager = await connection.jetstreamManager();
  await manager.streams.delete('TIDINGS');
  await connection.close();

  const after = new Storm([one.url, other.url]);
  await after.more(400);
  await after.stop();
  await vi.waitFor(
    async () => {
      const { lastIndex } = (await request<Status>(one.url, status)).journal;
      expect(lastIndex).toBeGreaterThan(before);
    },
    { timeout: 30_000, interval: 100 },
  );
  const fresh = await expectNothingLost(after, other.url, follower).then(() => follower.indexes);
  expect(fresh.filter((index) => index > before).length).toBe(after.acknowledged.size);
  await follower.stop();
});
