import type { DialectContext } from '../dialect.ts';
import type { CurrentAlarmSettings } from './alarms/alarm-settings.ts';
import { type AlarmQueryCondition, alarmTags, queryAlarms } from './alarms/query-alarms.ts';
import type { EventQueryCondition } from './condition.ts';
import type { Duration } from './duration.ts';
import { queryEvents } from './query-events.ts';
import { ServiceDirectory, type ServicePart } from './service-directory.ts';

/** Clients choose their queries by it: versions 9 and later have layers, and services by name. */
const protocolVersion = '10.4.0-tidings';

interface Paged {
  readonly condition?: EventQueryCondition | null;
}

interface OfService {
  readonly serviceId: string;
  readonly duration?: Duration | null;
}

interface EndpointsOfService extends OfService {
  readonly keyword?: string | null;
  readonly limit: number;
}

interface OfWindow {
  readonly duration: Duration;
}

export type Resolvers = ReturnType<typeof createResolvers>;

/** The resolvers of the fields of Query, for a caller who may use this context. */
export function createResolvers(
  { store, journal, now }: DialectContext,
  settings: Pick<CurrentAlarmSettings, 'rules'>,
) {
  const directory = new ServiceDirectory(store);
  const alarms = async (condition: AlarmQueryCondition) => ({
    msgs: await queryAlarms(store, condition, settings.rules),
  });
  const tagsIn = ({ duration }: OfWindow) => alarmTags(store, duration, settings.rules);
  return {
    version: protocolVersion,
    getTimeInfo: () => ({ timezone: '+0000', currentTimestamp: Math.floor(now() / 1000) }),
    checkHealth: () => {
      const details = [
        journal.healthReason() === null ? [] : 'The journal is down.',
        store.healthReason() === null ? [] : 'The database is down.',
      ].flat();
      return { score: details.length === 0 ? 0 : 1, details: details.join(' ') };
    },
    queryEvents: async ({ condition }: Paged) => ({ events: await queryEvents(store, condition) }),
    getAlarm: (condition: AlarmQueryCondition) => alarms(condition),
    queryAlarms: ({ condition }: { condition: AlarmQueryCondition }) => alarms(condition),
    queryAlarmTagAutocompleteKeys: async (window: OfWindow) => [
      ...new Set((await tagsIn(window)).map(({ key }) => key)),
    ],
    queryAlarmTagAutocompleteValues: async ({ tagKey, ...window }: OfWindow & { tagKey: string }) =>
      (await tagsIn(window)).filter(({ key }) => key === tagKey).map(({ value }) => value),
    listLayers: () => directory.layers(),
    listServices: ({ layer }: { layer?: string | null }) => directory.services(layer),
    getService: ({ serviceId }: OfService) => directory.serviceWithId(serviceId),
    findService: ({ serviceName }: { serviceName: string }) => directory.serviceNamed(serviceName),
    listInstances: async (asked: OfService) => {
      const parts = await directory.parts({ ...asked, kind: 'INSTANCE' });
      return parts.map(instanceOf);
    },
    getInstance: async ({ instanceId }: { instanceId: string }) => {
      const part = await directory.partWithId('INSTANCE', instanceId);
      return part === null ? null : instanceOf(part);
    },
    findEndpoint: (asked: EndpointsOfService) => directory.parts({ ...asked, kind: 'ENDPOINT' }),
    getEndpointInfo: ({ endpointId }: { endpointId: string }) =>
      directory.partWithId('ENDPOINT', endpointId),
  };
}

/** Events have an instance's name and nothing else about it. */
const instanceOf = ({ id, name }: ServicePart) => ({
  id,
  name,
  attributes: [],
  language: 'UNKNOWN',
  instanceUUID: id,
});
