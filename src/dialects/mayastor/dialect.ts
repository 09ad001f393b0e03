import { needing, option, optional, streamName, wholeNumber } from '../../environment/readers.ts';
import { defineDialect } from '../dialect.ts';

/** OpenEBS Mayastor: its event bus on NATS JetStream, in. */
export const mayastor = defineDialect({
  name: 'mayastor',
  hasHttp: false,
  variables: {
    MAYASTOR_STREAM: needing(
      'NATS_URL',
      optional(
        streamName,
        "The stream of Mayastor's events: `events-stream`. Needs `NATS_URL`.",
        'off',
      ),
    ),
    MAYASTOR_STREAM_REPLICAS: option(
      wholeNumber(1, 5),
      '1',
      'Copies of that stream, where the gateway creates it.',
    ),
  },

  async open(_context, { values, nats, maxBatch, sourceContext: { intake, log } }) {
    const { MAYASTOR_STREAM: stream, MAYASTOR_STREAM_REPLICAS: replicas } = values;
    if (stream === null || nats === null) return {};
    return {
      sources: [
        async () => {
          const { MayastorSource } = await import('./source.ts');
          return new MayastorSource({ stream, replicas, maxBatch }, nats, intake, log);
        },
      ],
    };
  },
});
