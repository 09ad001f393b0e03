import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { reply } from '../../http/reply.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Totals } from '../dialect.ts';

/** Metrics of Mayastor's statistics exporter, and the types that each of their actions counts, in the order shown. */
const families = [
  {
    name: 'nexus',
    help: 'Nexus stats',
    actions: [
      ['created', 'Nexus.Create'],
      ['deleted', 'Nexus.Delete'],
      ['rebuild_ended', 'Nexus.RebuildEnd'],
      ['rebuild_started', 'Nexus.RebuildBegin'],
    ],
  },
  {
    name: 'pool',
    help: 'Pool stats',
    actions: [
      ['created', 'Pool.Create'],
      ['deleted', 'Pool.Delete'],
    ],
  },
  {
    name: 'volume',
    help: 'Volume stats',
    actions: [
      ['created', 'Volume.Create'],
      ['deleted', 'Volume.Delete'],
    ],
  },
] as const;

const countedTypes = families.flatMap(({ actions }) => actions.map(([, type]) => type));

/** The exporter's answer: Prometheus' text format, byte for byte as Mayastor writes it. */
function statsText(counts: ReadonlyMap<string, number>): string {
  return families
    .map(({ name, help, actions }) => {
      const lines = actions.map(
        ([action, type]) => `${name}{action="${action}"} ${counts.get(type) ?? 0}\n`,
      );
      return `# HELP ${name} ${help}\n# TYPE ${name} counter\n${lines.join('')}`;
    })
    .join('');
}

/** A Prometheus server and a few people. */
const maxConnections = 64;

interface StatsSettings {
  readonly host: string;
  readonly port: number;
}

/** GET /stats on a port of its own, as Mayastor's statistics exporter has it. */
export async function openStats(
  { host, port }: StatsSettings,
  totals: Totals,
  log: Log,
): Promise<AsyncDisposable> {
  /** Shared by requests that come meanwhile. */
  let counting: Promise<string> | null = null;

  const count = (): Promise<string> => {
    counting ??= totals(countedTypes)
      .then(statsText)
      .finally(() => {
        counting = null;
      });
    return counting;
  };

  async function answer({ method, url }: IncomingMessage, response: ServerResponse) {
    const headers = { 'Content-Type': 'text/plain' };
    if (url?.split('?', 1)[0] !== '/stats') return reply(response, 404, '', {});
    if (method !== 'GET') return reply(response, 405, '', { Allow: 'GET' });
    try {
      reply(response, 200, await count(), headers);
    } catch (error) {
      if (error instanceof Unavailable) return reply(response, 503, error.message, headers);
      log.error({ error, where: "Mayastor's statistics" }, 'Unexpected error.');
      reply(response, 500, 'Internal error.', headers);
    }
  }

  const server = createServer((request, response) => void answer(request, response));
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new Error(`Cannot listen on ${host}:${port} for /stats.`, { cause })),
    );
    server.listen(port, host, resolve);
  });
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
