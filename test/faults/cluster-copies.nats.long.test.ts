import { connect } from 'nats';
import { expect, test } from 'vitest';
import { startNatsCluster } from '../nats-cluster.ts';
import { startPostgres } from '../postgres.ts';
import { startGatewayProcess } from './gateway-process.ts';
import { request, survive } from './storm.ts';

const stream = 'TIDINGS';
const report = `mutation { reportEvent(event: { type: "Storm.Before" }, wait: STORED) { __typename } }`;

test('a stream of one copy is given three as the operating guide says, and loses nothing when its former only server is killed', async () => {
  await using cluster = await startNatsCluster();
  await using postgres = await startPostgres();
  const boot = (copies: string) =>
    startGatewayProcess({
      NATS_URL: cluster.url,
      DATABASE_URL: postgres.url,
      TIDINGS_STREAM_REPLICAS: copies,
    });
  {
    await using gateway = await boot('1');
    await request(gateway.url, report);
  }
  const only = await cluster.leader(stream);
  await giveThreeCopies(cluster.url);
  await cluster.whole(stream);
  for (const server of cluster.servers) {
    await server.stop();
    await server.restart();
    await cluster.whole(stream);
  }
  await using gateway = await boot('3');
  await survive([gateway.url], async (storm) => {
    for (let time = 0; time < 3; time += 1) {
      await only.kill();
      await storm.more(200);
      await only.restart();
      await storm.more(200);
      await cluster.whole(stream);
    }
  });
  const metrics = await (await fetch(gateway.url.replace('/graphql', '/metrics'))).text();
  expect(metrics).toContain('tidings_store_missing_total 0');
});

async function giveThreeCopies(servers: string): Promise<void> {
  const connection = await connect({ servers: servers.split(',') });
  try {
    const { streams } = await connection.jetstreamManager();
    const { config } = await streams.info(stream);
    await streams.update(stream, { ...config, num_replicas: 3 });
  } finally {
    await connection.close();
  }
}
