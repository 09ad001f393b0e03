import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Headers, reply } from '../../http/reply.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Totals } from '../dialect.ts';
import { type OwnPortSettings, openOwnPort, pageFault, requireReadingAll } from '../own-port.ts';

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

/**
 * GET /stats on a port of its own, as Mayastor's statistics exporter has it. It counts events of all namespaces: with a
 * policy it is for those who may read them all.
 */
export async function openStats(
  { identify, ...listening }: OwnPortSettings,
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
      await requireReadingAll(identify, request, 'COUNTS');
      reply(response, 200, await count(), plainText);
    } catch (error) {
      const { status, message, headers } = pageFault(error, log, "Mayastor's statistics");
      reply(response, status, message, { ...headers, ...plainText });
    }
  }

  return await openOwnPort(listening, '/stats', answer);
}

const plainText: Headers = { 'Content-Type': 'text/plain' };
