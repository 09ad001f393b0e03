import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type CuttableCluster, startCuttableCluster } from '../nats-cluster.ts';
import type { NatsServer } from '../nats-server.ts';
import { patienceMs } from '../patience.ts';
import { type ClusterGateways, startClusterGateways } from './cluster-gateways.ts';

const stream = 'TIDINGS';
let cluster: CuttableCluster;
let gateways: ClusterGateways;

beforeAll(async () => {
  cluster = await startCuttableCluster();
  gateways = await startClusterGateways(cluster);
}, 240_000);

afterAll(async () => {
  for (const part of [gateways, cluster]) await part?.[Symbol.asyncDispose]();
});

/** Cuts servers off from the others, one after another, while gateways and their reporters reach all of them. */
const surviveCuts = (next: (round: number) => Promise<NatsServer>): Promise<void> =>
  gateways.survive(async (storm) => {
    for (let round = 0; round < 3; round += 1) {
      const lonely = await next(round);
      cluster.cut(lonely);
      const others = cluster.servers.filter((server) => server !== lonely);
      await vi.waitFor(async () => expect(others).toContain(await cluster.leader(stream, others)), {
        timeout: patienceMs,
        interval: 200,
      });
      await storm.more(400);
      cluster.mend();
      await cluster.whole(stream);
      await storm.more(400);
    }
  });

test('the leader of the stream is cut off from the other servers, three times', async () => {
  await surviveCuts(() => cluster.leader(stream));
});

test('each server in turn is cut off from the others', async () => {
  await surviveCuts((round) => Promise.resolve(cluster.servers[round] as NatsServer));
});

test('a stream whose servers disagreed is the same to every gateway afterwards', async () => {
  await gateways.survive((storm) => storm.more(2_000));
  await gateways.expectNothingMissing();
});
