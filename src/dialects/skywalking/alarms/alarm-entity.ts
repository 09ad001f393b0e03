import type { EventSource } from '../../../event/event.ts';
import { partId, serviceId } from '../entity-id.ts';

const scopeIds = { SERVICE: 1, SERVICE_INSTANCE: 2, ENDPOINT: 3 } as const;

/** The service, instance or endpoint that an alarm is about, as SkyWalking names it. */
export interface AlarmEntity {
  readonly scope: keyof typeof scopeIds;
  readonly scopeId: number;
  /** `A`, `instance of A` or `endpoint in A`. */
  readonly name: string;
  readonly id0: string;
  /** Empty: a relation of two services has one, and events have none of that. */
  readonly id1: string;
}

/** The entity of an event's source: its instance, else its endpoint, else its service; null without a service. */
export function entityOf({
  service,
  instance,
  endpoint,
}: Pick<EventSource, 'service' | 'instance' | 'endpoint'>): AlarmEntity | null {
  if (service === null) return null;
  if (instance !== null) {
    return entity('SERVICE_INSTANCE', `${instance} of ${service}`, partId(service, instance));
  }
  if (endpoint !== null) {
    return entity('ENDPOINT', `${endpoint} in ${service}`, partId(service, endpoint));
  }
  return entity('SERVICE', service, serviceId(service));
}

const entity = (scope: AlarmEntity['scope'], name: string, id0: string): AlarmEntity => ({
  scope,
  scopeId: scopeIds[scope],
  name,
  id0,
  id1: '',
});
