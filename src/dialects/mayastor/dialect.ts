import { needing, option, optional, streamName, wholeNumber } from '../../environment/readers.ts';
import { defineDialect } from '../dialect.ts';
import { encoders } from './encode.ts';
import { createMayastorHttp } from './http.ts';
import { openStats } from './stats.ts';

/** OpenEBS Mayastor: its event bus on NATS JetStream in; its statistics, its history of events and its lines out. */
export const mayastor = defineDialect({
  name: 'mayastor',
  hasHttp: true,
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
    MAYASTOR_STATS_PORT: optional(
      wholeNumber(0, 65_535),
      "The port for `GET /stats`, as Mayastor's statistics exporter has it: 9090 is its own.",
      'off',
    ),
  },

  async open(_context, settings) {
    const { values, http, host, nats, maxBatch, totals, identify, certificate } = settings;
    const { intake, log } = settings.sourceContext;
    const { MAYASTOR_STREAM: stream, MAYASTOR_STREAM_REPLICAS: replicas } = values;
    const { MAYASTOR_STATS_PORT: port } = values;
    return {
      http: http ? createMayastorHttp() : undefined,
      encoders,
      listeners:
        port === null ? [] : [() => openStats({ host, port, certificate, identify }, totals, log)],
      sources:
        stream === null || nats === null
          ? []
          : [
              async () => {
                const { MayastorSource } = await import('./source.ts');
                return new MayastorSource({ stream, replicas, maxBatch }, nats, intake, log);
              },
            ],
    };
  },
});
