import { expect } from 'vitest';
import type { NatsCluster } from '../nats-cluster.ts';
import { startPostgres } from '../postgres.ts';
import { type GatewayProcess, startGatewayProcess } from './gateway-process.ts';
import { type Storm, survive } from './storm.ts';

/** Gateways in processes of their own over a NATS cluster and one PostgreSQL server. */
export interface ClusterGateways extends AsyncDisposable {
  /** Of each, as `GatewayProcess` has it. */
  readonly urls: readonly string[];
  /** A storm on the gateways: see the function of that name. */
  survive(happening: (storm: Storm) => Promise<void>): Promise<void>;
  /** Whether each of them has stored every index: those that the stream lost before are counted. */
  expectNothingMissing(): Promise<void>;
}

/** As many gateways as there are servers: each begins its list with another, as it would be placed next to one. */
export async function startClusterGateways(cluster: NatsCluster): Promise<ClusterGateways> {
  const postgres = await startPostgres();
  const gateways: GatewayProcess[] = [];
  const servers = cluster.servers.map(({ url }) => url);
  for (const at of servers.keys()) {
    gateways.push(
      await startGatewayProcess({
        NATS_URL: [...servers.slice(at), ...servers.slice(0, at)].join(','),
        DATABASE_URL: postgres.url,
        TIDINGS_STREAM_REPLICAS: '3',
      }),
    );
  }
  const urls = gateways.map(({ url }) => url);
  return {
    urls,
    survive: (happening) => survive(urls, happening),
    async expectNothingMissing() {
      for (const url of urls) {
        const metrics = await (await fetch(url.replace('/graphql', '/metrics'))).text();
        expect(metrics).toContain('tidings_store_missing_total 0');
      }
    },
    async [Symbol.asyncDispose]() {
      for (const part of [...gateways, postgres]) await part[Symbol.asyncDispose]();
    },
  };
}
