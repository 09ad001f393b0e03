import type { Event } from '../../event/event.ts';
import { formatInstant } from '../../event/instant.ts';
import { type Encoder, UndeliverableEvent } from '../encoder.ts';
import { eventData } from '../event-data.ts';
import { jsonMessage } from './json-message.ts';

/** PagerDuty rejects longer ones. */
const maxSummaryLength = 1_024;

/** An event that has ended resolves the incident that its start has opened. */
const hasEnded = ({ endTime, time }: Event): boolean => endTime !== null && endTime > time;

/** Version 2 of PagerDuty's Events API; the routing key is the target's header X-Routing-Key. */
export const pagerdutyEncoder: Encoder = {
  format: 'PAGERDUTY',
  maxBatch: 1,
  encode: ([event], { routingKey }) => {
    if (event === undefined) return null;
    if (routingKey === null) {
      throw new UndeliverableEvent('PagerDuty needs a routing key: give the header X-Routing-Key.');
    }
    const begun = { routing_key: routingKey, dedup_key: event.id };
    if (hasEnded(event)) return jsonMessage({ ...begun, event_action: 'resolve' });
    const { service, instance, component, node } = event.source;
    return jsonMessage({
      ...begun,
      event_action: 'trigger',
      payload: {
        summary: [event.type, event.key, event.message]
          .filter((text) => text !== null)
          .join(' ')
          .slice(0, maxSummaryLength),
        source: instance ?? node ?? service ?? event.namespace,
        severity: event.severity === 'ERROR' ? 'error' : 'info',
        timestamp: formatInstant(event.time),
        class: event.type,
        ...(component !== null && { component }),
        ...(service !== null && { group: service }),
        custom_details: eventData(event),
      },
    });
  },
};
