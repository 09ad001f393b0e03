import { rm } from 'node:fs/promises';
import { connect, type JetStreamManager, type NatsConnection, type StreamInfo } from 'nats';
import { expect, vi } from 'vitest';
import { freePort } from './free-port.ts';
import { type NatsServer, startNatsServer } from './nats-server.ts';
import { patienceMs } from './patience.ts';

/** Three nats-servers that are one JetStream. */
export interface NatsCluster extends AsyncDisposable {
  readonly servers: readonly NatsServer[];
  /** All servers, as NATS_URL names them. */
  readonly url: string;
  /** Where the stream has its leader. */
  leader(stream: string): Promise<NatsServer>;
  /** Waits until every server has all of the stream. */
  whole(stream: string): Promise<void>;
}

/** Ends a server as a crash does, with its disk; started again, it gets everything from the others. */
export async function loseDisk(server: NatsServer): Promise<void> {
  await server.kill();
  await rm(server.folder, { recursive: true, force: true });
}

export async function startNatsCluster(): Promise<NatsCluster> {
  const ports = [await freePort(), await freePort(), await freePort()];
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`);
  const servers = await Promise.all(
    routes.map((route, at) =>
      startNatsServer([
        ...['--name', nameOf(at), '--cluster_name', 'tidings-test'],
        ...['--cluster', route, '--routes', routes.join(',')],
      ]),
    ),
  );
  const cluster: NatsCluster = {
    servers,
    url: servers.map(({ url }) => url).join(','),
    async leader(stream) {
      const { cluster: copies } = await infoOf(servers, stream);
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
