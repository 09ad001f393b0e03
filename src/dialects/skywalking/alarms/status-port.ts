import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Headers, reply } from '../../../http/reply.ts';
import type { Store } from '../../../store/store.ts';
import type { Log } from '../../../telemetry/log.ts';
import type { AlarmWindows } from '../../dialect.ts';
import {
  type OwnPort,
  type OwnPortSettings,
  openOwnPort,
  pageFault,
  requireReadingAll,
} from '../../own-port.ts';
import type { CurrentAlarmSettings } from './alarm-settings.ts';
import { ruleDetail, ruleList, runningContext } from './status.ts';

export interface StatusPortSettings extends OwnPortSettings {
  readonly alarmSettings: Pick<CurrentAlarmSettings, 'settings' | 'rules'>;
  readonly alarmWindows: AlarmWindows;
}

/**
 * SkyWalking's status pages of alarm rules, on a port of their own: `swctl admin alarm` and user interfaces ask for
 * them. They are about alarms of all namespaces: with a policy they are for those who may read them all.
 */
export async function openStatusPort(
  { identify, alarmSettings, alarmWindows, ...listening }: StatusPortSettings,
  store: Store,
  log: Log,
): Promise<OwnPort> {
  let address = '';

  async function statusAt(path: string): Promise<object | null> {
    const [rule, ...entity] = partsOf(path);
    const sources = { current: alarmSettings, windows: alarmWindows, store };
    if (rule === undefined) return ruleList(alarmSettings);
    return entity.length === 0
      ? await ruleDetail(rule, sources)
      : await runningContext({ rule, entity: entity.join('/') }, sources);
  }

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const { method, url = '' } = request;
    const [path = ''] = url.split('?', 1);
    if (!path.startsWith(`${prefix}/`)) return reply(response, 404, '', {});
    if (method !== 'GET') return reply(response, 405, '', { Allow: 'GET' });
    try {
      await requireReadingAll(identify, request, 'CONTENTS');
      const status = await statusAt(path);
      const found = status === null ? { errorMsg: 'There is no such rule.' } : { status };
      reply(response, 200, JSON.stringify({ oapInstances: [{ address, ...found }] }), json);
    } catch (error) {
      const fault = pageFault(error, log, "SkyWalking's status pages");
      reply(response, fault.status, JSON.stringify({ message: fault.message }), {
        ...fault.headers,
        ...json,
      });
    }
  }

  const opened = await openOwnPort(listening, prefix, answer);
  address = `${listening.host}_${opened.port}`;
  return opened;
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
