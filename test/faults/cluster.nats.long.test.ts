import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { loseDisk, type NatsCluster, startNatsCluster } from '../nats-cluster.ts';
import { type PostgresServer, startPostgres } from '../postgres.ts';
import { freeze } from './freeze.ts';
import { type GatewayProcess, startGatewayProcess } from './gateway-process.ts';
import { type Storm, survive, untilUnavailable } from './storm.ts';

const stream = 'TIDINGS';
let cluster: NatsCluster;
let postgres: PostgresServer;
let gateways: GatewayProcess[];

beforeAll(async () => {
  cluster = await startNatsCluster();
  postgres = await startPostgres();
  gateways = [];
  for (const [at] of cluster.servers.entries()) {
    // Each begins its list with another server, as it would be placed next to one.
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

/** A storm over the three gateways. */
const surviveAll = (happening: (storm: Storm) => Promise<void>): Promise<void> =>
  survive(
    gateways.map(({ url }) => url),
    happening,
  );

// An index that the stream has lost before it was stored is counted: no gap is passed over in silence.
afterEach(async () => {
  for (const { url } of gateways) {
    const metrics = await (await fetch(url.replace('/graphql', '/metrics'))).text();
    expect(metrics).toContain('tidings_store_missing_total 0');
  }
});

test('the leader of the stream is killed, three times', async () => {
  await surviveAll(async (storm) => {
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
  await surviveAll(async (storm) => {
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
  await surviveAll(async (storm) => {
    const [, second, third] = cluster.servers;
    const frozen = [second, third].map((server) => freeze(server?.pid ?? 0));
    // By then, reports that were on their way when the servers froze have been answered.
    for (const { url } of gateways) await untilUnavailable(url);
    const before = storm.acknowledged.size;
    for (const { url } of gateways) await untilUnavailable(url);
    expect(storm.acknowledged.size).toBe(before);
    for (const each of frozen) each[Symbol.dispose]();
    await cluster.whole(stream);
    await storm.more(200);
  });
});

test('each server in turn loses its disk', async () => {
  await surviveAll(async (storm) => {
    for (const server of cluster.servers) {
      await loseDisk(server);
      await storm.more(200);
      await server.restart();
      await cluster.whole(stream);
    }
  });
});

test('the servers are restarted one after another', async () => {
  await surviveAll(async (storm) => {
    for (const server of cluster.servers) {
      await server.stop();
      await storm.more(200);
      await server.restart();
      await cluster.whole(stream);
    }
  });
});
