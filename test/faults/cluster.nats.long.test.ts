import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { loseDisk, type NatsCluster, startNatsCluster } from '../nats-cluster.ts';
import { type ClusterGateways, startClusterGateways } from './cluster-gateways.ts';
import { freeze } from './freeze.ts';
import { untilUnavailable } from './storm.ts';

const stream = 'TIDINGS';
let cluster: NatsCluster;
let gateways: ClusterGateways;

beforeAll(async () => {
  cluster = await startNatsCluster();
  gateways = await startClusterGateways(cluster);
}, 240_000);

afterAll(async () => {
  for (const part of [gateways, cluster]) await part?.[Symbol.asyncDispose]();
});

afterEach(() => gateways.expectNothingMissing());

test('the leader of the stream is killed, three times', async () => {
  await gateways.survive(async (storm) => {
    for (let time = 0; time < 3; time++) {
      const leader = await cluster.leader(stream);
      await leader.kill();
      await storm.more(400);
      await leader.restart();
      await cluster.whole(stream);
    }
  });
});

test('the leader of the stream freezes until the gateways have left it, and goes on', async () => {
  await gateways.survive(async (storm) => {
    const leader = await cluster.leader(stream);
    {
      using _ = freeze(leader.pid);
      await storm.more(600);
    }
    await cluster.whole(stream);
    await storm.more(200);
  });
});

test('two of three servers freeze: reports are not acknowledged, and go on when the servers do', async () => {
  await gateways.survive(async (storm) => {
    const [, second, third] = cluster.servers;
    const frozen = [second, third].map((server) => freeze(server?.pid ?? 0));
    // By then, reports that were on their way when the servers froze have been answered.
    for (const url of gateways.urls) await untilUnavailable(url);
    const before = storm.acknowledged.size;
    for (const url of gateways.urls) await untilUnavailable(url);
    expect(storm.acknowledged.size).toBe(before);
    for (const each of frozen) each[Symbol.dispose]();
    await cluster.whole(stream);
    await storm.more(200);
  });
});

test('each server in turn loses its disk', async () => {
  await gateways.survive(async (storm) => {
    for (const server of cluster.servers) {
      await loseDisk(server);
      await storm.more(200);
      await server.restart();
      await cluster.whole(stream);
    }
  });
});

test('the servers are restarted one after another', async () => {
  await gateways.survive(async (storm) => {
    for (const server of cluster.servers) {
      await server.stop();
      await storm.more(200);
      await server.restart();
      await cluster.whole(stream);
    }
  });
});
