import { rm } from 'node:fs/promises';
import { connect, type JetStreamManager, type NatsConnection, type StreamInfo } from 'nats';
import { expect, vi } from 'vitest';
import { freePort } from './free-port.ts';
import { Route } from './nats-routes.ts';
import { type NatsServer, startNatsServer } from './nats-server.ts';
import { patienceMs } from './patience.ts';

/** Three nats-servers that are one JetStream. */
export interface NatsCluster extends AsyncDisposable {
  readonly servers: readonly NatsServer[];
  /** All servers, as NATS_URL names them. */
  readonly url: string;
  /** Where the stream has its leader, as some of the servers see it. */
  leader(stream: string, asSeenBy?: readonly NatsServer[]): Promise<NatsServer>;
  /** Waits until every server has all of the stream. */
  whole(stream: string): Promise<void>;
}

/** Ends a server as a crash does, with its disk; started again, it gets everything from the others. */
export async function loseDisk(server: NatsServer): Promise<void> {
  await server.kill();
  await rm(server.folder, { recursive: true, force: true });
}

/** A cluster whose servers can be cut off from each other, while clients reach all of them. */
export interface CuttableCluster extends NatsCluster {
  /** Ends the connections between a server and the two others, and lets none begin. */
  cut(server: NatsServer): void;
  mend(): void;
}

const startServers = (
  count: number,
  options: (at: number) => readonly string[],
): Promise<NatsServer[]> =>
  Promise.all(
    Array.from({ length: count }, (_, at) =>
      startNatsServer(['--name', nameOf(at), '--cluster_name', 'tidings-test', ...options(at)]),
    ),
  );

export async function startNatsCluster(): Promise<NatsCluster> {
  const ports = [await freePort(), await freePort(), await freePort()];
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`);
  const servers = await startServers(3, (at) => [
    ...['--cluster', routes[at] ?? '', '--routes', routes.join(',')],
  ]);
  return clusterOf(servers);
}

export async function startCuttableCluster(): Promise<CuttableCluster> {
  const ports = [await freePort(), await freePort(), await freePort()];
  const routes: { from: number; to: number; route: Route }[] = [];
  for (const from of ports.keys()) {
    for (const [to, port] of ports.entries()) {
      if (from !== to) routes.push({ from, to, route: await Route.to(port) });
    }
  }
  const urlsFrom = (at: number) =>
    routes.filter(({ from }) => from === at).map(({ route }) => route.url);
  // A server publishes its address to the others, who would connect to it past the routes: nothing listens there.
  const nowhere = await freePort();
  const servers = await startServers(3, (at) => [
    ...['--cluster', `nats://127.0.0.1:${ports[at]}`],
    ...['--cluster_advertise', `127.0.0.1:${nowhere}`],
    ...['--routes', urlsFrom(at).join(',')],
  ]);
  const cluster = await clusterOf(servers);
  return {
    ...cluster,
    cut(server) {
      const at = servers.indexOf(server);
      for (const { from, to, route } of routes) if (from === at || to === at) route.cut();
    },
    mend() {
      for (const { route } of routes) route.mend();
    },
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]();
      for (const { route } of routes) await route[Symbol.asyncDispose]();
    },
  };
}

async function clusterOf(servers: readonly NatsServer[]): Promise<NatsCluster> {
  const cluster: NatsCluster = {
    servers,
    url: servers.map(({ url }) => url).join(','),
    async leader(stream, asSeenBy = servers) {
      const { cluster: copies } = await infoOf(asSeenBy, stream);
      const leader = servers.find((_, at) => nameOf(at) === copies?.leader);
      return leader ?? expect.fail(`${stream} has no leader`);
    },
    async whole(stream) {
      await vi.waitFor(
        async () => {
          const { cluster: copies } = await infoOf(servers, stream);
          const others = copies?.replicas?.map(({ current, offline }) => current && !offline);
          expect(others).toEqual([true, true]);
        },
        { timeout: patienceMs, interval: 100 },
      );
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server[Symbol.asyncDispose]();
    },
  };
  // Each is ready by itself; what they are together has a leader a little later.
  await asked(servers, (jetStream) => jetStream.getAccountInfo());
  return cluster;
}

const nameOf = (at: number): string => `server-${at}`;

const infoOf = (servers: readonly NatsServer[], stream: string): Promise<StreamInfo> =>
  asked(servers, (jetStream) => jetStream.streams.info(stream));

/** Asks until there is an answer: while a leader is elected there is none. */
async function asked<Answer>(
  servers: readonly NatsServer[],
  ask: (jetStream: JetStreamManager) => Promise<Answer>,
): Promise<Answer> {
  return await vi.waitFor(
    async () => {
      let connection: NatsConnection | null = null;
      try {
        connection = await connect({
          servers: servers.map(({ url }) => url),
          reconnect: false,
          timeout: 1_000,
        });
        return await ask(await connection.jetstreamManager({ checkAPI: false, timeout: 2_000 }));
      } finally {
        await connection?.close();
      }
    },
    { timeout: patienceMs, interval: 200 },
  );
}
