import { expect, test } from 'vitest';
import { bootGateway } from '../harness.ts';
import { startNatsCluster } from '../nats-cluster.ts';
import { survive } from './storm.ts';

test('a cluster of three loses the leader of the stream under load, and nothing that was acknowledged', async () => {
  await using cluster = await startNatsCluster();
  await using gateway = await bootGateway({
    environment: { NATS_URL: cluster.url, TIDINGS_STREAM_REPLICAS: '3' },
  });
  await survive([gateway.url], async (storm) => {
    const leader = await cluster.leader('TIDINGS');
    await leader.kill();
    await storm.more(400);
    await leader.restart();
    await cluster.whole('TIDINGS');
  });
  expect(await gateway.metric('tidings_store_missing_total')).toBe(0);
});
