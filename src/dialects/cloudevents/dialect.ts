import { names, optional } from '../../environment/readers.ts';
import { defineDialect } from '../dialect.ts';
import { createCloudEventsHttp } from './http.ts';

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
  },

  async open(context, { values, http, maxBodyBytes, maxBatch }) {
    const allowedOrigins = values.CLOUDEVENTS_ALLOWED_ORIGINS ?? [];
    const options = { allowedOrigins, maxBodyBytes, maxBatch };
    return { http: http ? createCloudEventsHttp(context, options) : undefined };
  },
});
