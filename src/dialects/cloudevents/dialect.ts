import { names, needing, optional, reader } from '../../environment/readers.ts';
import { defineDialect } from '../dialect.ts';
import { encoders } from './encode.ts';
import { createCloudEventsHttp } from './http.ts';
import { CloudEventsSource } from './source.ts';

/** Not the journal's own subjects, nor those of the server: every event would be reported again. */
const subject = reader(
  'a subject of NATS such as orders or orders.>, other than tidings.>',
  (given) =>
    /^(?!tidings\.|tidings$)[\w-][^\s.*>]*(?:\.(?:\*|[^\s.*>]+))*(?:\.>)?$/.test(given)
      ? given
      : undefined,
);

/** CloudEvents 1.0: events by HTTP and NATS in, and the journal's events out as a stream. */
export const cloudEvents = defineDialect({
  name: 'cloudevents',
  hasHttp: true,
  variables: {
    CLOUDEVENTS_ALLOWED_ORIGINS: optional(
      names,
      'Senders that `OPTIONS /cloudevents` consents to: `eventemitter.example.com`, several with commas, or `*`.',
      'none',
    ),
    CLOUDEVENTS_SUBJECT: needing(
      'NATS_URL',
      optional(subject, 'A subject of NATS with CloudEvents: `orders.>`. Needs `NATS_URL`.', 'off'),
    ),
  },

  async open(context, { values, http, maxBodyBytes, maxBatch, nats, sourceContext }) {
    const { CLOUDEVENTS_SUBJECT: from } = values;
    const allowedOrigins = values.CLOUDEVENTS_ALLOWED_ORIGINS ?? [];
    const options = { allowedOrigins, maxBodyBytes, maxBatch };
    const { intake, log } = sourceContext;
    return {
      http: http ? createCloudEventsHttp(context, options) : undefined,
      sources:
        from === null || nats === null
          ? []
          : [() => new CloudEventsSource({ subject: from, maxBatch }, nats, intake, log)],
      encoders,
    };
  },
});
