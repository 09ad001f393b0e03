import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type CuttableCluster, startCuttableCluster } from '../nats-cluster.ts';
import type { NatsServer } from '../nats-server.ts';
import { patienceMs } from '../patience.ts';
import { type PostgresServer, startPostgres } from '../postgres.ts';
import { type GatewayProcess, startGatewayProcess } from './gateway-process.ts';
import { survive } from './storm.ts';

const stream = 'TIDINGS';
let cluster: CuttableCluster;
let postgres: PostgresServer;
let gateways: GatewayProcess[];

beforeAll(async () => {
  cluster = await startCuttableCluster();
  postgres = await startPostgres();
  gateways = [];
  for (const [at] of cluster.servers.entries()) {
    const urls = cluster.servers.map(({ url }) => url);
    gateways.push(
      await startGatewayProcess({
        NATS_URL: [...urls.slice(at), ...urls.slice(0, at)].join(','),
        DATABASE_URL: postgres.url,
        TIDINGS_STREAM_REPLICAS: '3',
      }),
    );
  }
}, 240_000);

afterAll(async () => {
  for (const part of [...gateways, postgres, cluster]) await part?.[Symbol.asyncDispose]();
});

/** Cuts servers off from the others, one after another, while gateways and their reporters reach all of them. */
const surviveCuts = (next: (round: number) => Promise<NatsServer>): Promise<void> =>
  survive(
    gateways.map(({ url }) => url),
    async (storm) => {
      for (let round = 0; round < 3; round += 1) {
        const lonely = await next(round);
        cluster.cut(lonely);
        const others = cluster.servers.filter((server) => server !== lonely);
        await vi.waitFor(
          async () => expect(others).toContain(await cluster.leader(stream, others)),
          { timeout: patienceMs, interval: 200 },
        );
        await storm.more(400);
        cluster.mend();
        await cluster.whole(stream);
        await storm.more(400);
      }
    },
  );

test('the leader of the stream is cut off from the other servers, three times', async () => {
  await surviveCuts(() => cluster.leader(stream));
});

test('each server in turn is cut off from the others', async () => {
  await surviveCuts((round) => Promise.resolve(cluster.servers[round] as NatsServer));
});

test('a stream whose servers disagreed is the same to every gateway afterwards', async () => {
  await survive(
    gateways.map(({ url }) => url),
    (storm) => storm.more(2_000),
  );
  for (const { url } of gateways) {
    const metrics = await (await fetch(url.replace('/graphql', '/metrics'))).text();
    expect(metrics).toContain('tidings_store_missing_total 0');
  }
});
