import { formatInstant } from '../../event/instant.ts';
import type { Encoder } from '../encoder.ts';
import { eventData } from '../event-data.ts';
import { jsonMessage } from './json-message.ts';

/** The advice of Standard Webhooks 1.0 for bodies: {type, timestamp, data}. */
export const standardEncoder: Encoder = {
  format: 'STANDARD',
  maxBatch: 1,
  encode: ([event]) =>
    event === undefined
      ? null
      : jsonMessage({
          type: event.type,
          timestamp: formatInstant(event.time),
          data: eventData(event),
        }),
  encodeGap: (from, to) =>
    jsonMessage({
      type: 'tidings.gap',
      timestamp: new Date().toISOString(),
      data: { from, to },
    }),
};
