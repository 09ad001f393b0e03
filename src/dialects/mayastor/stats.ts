import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { credentialOf } from '../../access/credential.ts';
import { Forbidden, Unauthenticated } from '../../access/principal.ts';
import { type Headers, reply } from '../../http/reply.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Identify } from '../caller.ts';
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
  /** Null where everybody may read them. */
  readonly identify: Identify | null;
  readonly host: string;
  readonly port: number;
}

/**
 * GET /stats on a port of its own, as Mayastor's statistics exporter has it. It counts events of all namespaces: with a
 * policy it is for those who may read them all.
 */
export async function openStats(
  { host, port, identify }: StatsSettings,
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

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const { method, url } = request;
    if (url?.split('?', 1)[0] !== '/stats') return reply(response, 404, '', {});
    if (method !== 'GET') return reply(response, 405, '', { Allow: 'GET' });
    try {
      const caller = await identify?.(credentialOf(request.headers));
      if (caller && !caller.context.scope.mayEverywhere('READ')) throw new Forbidden('READ');
      reply(response, 200, await count(), plainText);
    } catch (error) {
      const { status, message, headers } = faultOf(error, log);
      reply(response, status, message, { ...headers, ...plainText });
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

const plainText: Headers = { 'Content-Type': 'text/plain' };
const challenge: Headers = { 'WWW-Authenticate': 'Bearer realm="tidings", Basic realm="tidings"' };

interface Fault {
  readonly status: number;
  readonly message: string;
  readonly headers?: Headers;
}

function faultOf(error: unknown, log: Log): Fault {
  if (error instanceof Unauthenticated) {
    return { status: 401, message: error.message, headers: challenge };
  }
  if (error instanceof Forbidden) return { status: 403, message: error.message };
  if (error instanceof Unavailable) return { status: 503, message: error.message };
  log.error({ error, where: "Mayastor's statistics" }, 'Unexpected error.');
  return { status: 500, message: 'Internal error.' };
}
