import { defineDialect } from '../dialect.ts';
import { otlpLogsEncoder } from './encode.ts';
import { createOtlpHttp } from './http.ts';

/** OpenTelemetry: log records with an event name, by OTLP over HTTP in, and as a format of sinks out. */
export const otlp = defineDialect({
  name: 'otlp',
  hasHttp: true,
  variables: {},

  async open(context, { http, maxBodyBytes, maxBatch }) {
    return {
      http: http ? createOtlpHttp(context, { maxBodyBytes, maxBatch }) : undefined,
      encoders: [otlpLogsEncoder],
    };
  },
});
