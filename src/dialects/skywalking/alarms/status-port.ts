import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { credentialOf } from '../../../access/credential.ts';
import { Forbidden, Unauthenticated } from '../../../access/principal.ts';
import { type Headers, reply } from '../../../http/reply.ts';
import { Unavailable } from '../../../runtime/unavailable.ts';
import type { Store } from '../../../store/store.ts';
import type { Log } from '../../../telemetry/log.ts';
import type { Identify } from '../../caller.ts';
import type { CurrentAlarmSettings } from './alarm-settings.ts';
import { ruleDetail, ruleList, runningContext } from './status.ts';

export interface StatusPortSettings {
  readonly host: string;
  readonly port: number;
  /** Null where everybody may read. */
  readonly identify: Identify | null;
  readonly alarmSettings: Pick<CurrentAlarmSettings, 'settings' | 'rules'>;
}

/** A few people and their user interface. */
const maxConnections = 64;

/**
 * SkyWalking's status pages of alarm rules, on a port of their own: `swctl admin alarm` and user interfaces ask for
 * them. They are about alarms of all namespaces: with a policy they are for those who may read them all.
 */
export async function openStatusPort(
  { host, port, identify, alarmSettings }: StatusPortSettings,
  store: Store,
  log: Log,
): Promise<AsyncDisposable & { readonly port: number }> {
  let address = '';

  async function statusAt(path: string): Promise<object | null> {
    const [rule, ...entity] = partsOf(path);
    if (rule === undefined) return ruleList(alarmSettings);
    return entity.length === 0
      ? await ruleDetail(rule, alarmSettings, store)
      : await runningContext({ rule, entity: entity.join('/') }, alarmSettings, store);
  }

  async function answer({ method, url = '', headers }: IncomingMessage, response: ServerResponse) {
    const [path = ''] = url.split('?', 1);
    if (!path.startsWith(`${prefix}/`)) return reply(response, 404, '', {});
    if (method !== 'GET') return reply(response, 405, '', { Allow: 'GET' });
    try {
      const caller = await identify?.(credentialOf(headers));
      if (caller && !caller.context.scope.mayEverywhere('READ')) throw new Forbidden('READ');
      const status = await statusAt(path);
      const found = status === null ? { errorMsg: 'There is no such rule.' } : { status };
      reply(response, 200, JSON.stringify({ oapInstances: [{ address, ...found }] }), json);
    } catch (error) {
      const fault = faultOf(error, log);
      reply(response, fault.status, JSON.stringify({ message: fault.message }), {
        ...fault.headers,
        ...json,
      });
    }
  }

  const server = createServer((request, response) => void answer(request, response));
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new Error(`Cannot listen on ${host}:${port} for ${prefix}.`, { cause })),
    );
    server.listen(port, host, resolve);
  });
  const bound = server.address();
  const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port;
  address = `${host}_${boundPort}`;
  return {
    port: boundPort,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

const prefix = '/status/alarm';

/** The rule and the entity in a path; none for the list. SkyWalking's documents have `rules/` before a rule's id. */
function partsOf(path: string): readonly string[] {
  const parts = path.slice(prefix.length + 1).split('/');
  return parts
    .slice(parts[0] === 'rules' ? 1 : 0)
    .map(decoded)
    .filter((part) => part !== '');
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const json: Headers = { 'Content-Type': 'application/json; charset=utf-8' };

interface Fault {
  readonly status: number;
  readonly message: string;
  readonly headers?: Headers;
}

function faultOf(error: unknown, log: Log): Fault {
  if (error instanceof Unauthenticated) {
    const challenge = 'Bearer realm="tidings", Basic realm="tidings"';
    return { status: 401, message: error.message, headers: { 'WWW-Authenticate': challenge } };
  }
  if (error instanceof Forbidden) return { status: 403, message: error.message };
  if (error instanceof Unavailable) return { status: 503, message: error.message };
  log.error({ error, where: "SkyWalking's status pages" }, 'Unexpected error.');
  return { status: 500, message: 'Internal error.' };
}
