import { flag, names, option, optional, reader, someOf, text } from '../../environment/readers.ts';
import { defineDialect, type OpenDialect } from '../dialect.ts';
import { amqpUrls } from './amqp/url.ts';
import { Ceilometer } from './ceilometer.ts';
import { ceilometerEncoder } from './encode.ts';
import { createCeilometerHttp } from './http.ts';
import { addReportNotifications } from './mutation.ts';
import { openPipelineFile } from './pipeline/pipeline-file.ts';
import { createReportNotifications } from './report-notifications.ts';

/** The brokers of one cluster. */
const brokers = reader<readonly string[]>('an amqp://, amqps:// or rabbit:// URL', (url) => {
  try {
    return amqpUrls(url);
  } catch {
    return undefined;
  }
});

/** OpenStack Ceilometer: the notifications of its services by AMQP, HTTP and GraphQL, in. */
export const ceilometer = defineDialect({
  name: 'ceilometer',
  hasHttp: true,
  variables: {
    AMQP_URL: optional(
      brokers,
      "RabbitMQ with OpenStack's notifications: `amqp://user:password@host:5672/`, or a transport_url of oslo.messaging.",
      'off',
    ),
    TIDINGS_AMQP_EXCHANGES: optional(
      names,
      "Exchanges of OpenStack's services.",
      'those of the services',
    ),
    TIDINGS_AMQP_TOPICS: option(names, 'notifications', 'notification_topics of the services.'),
    TIDINGS_AMQP_QUEUE_PREFIX: optional(
      text,
      'Prefix of the names of the queues, so that a Ceilometer next to the gateway keeps its own.',
    ),
    TIDINGS_AMQP_DURABLE: option(flag, 'false', 'amqp_durable_queues of the services.'),
    DEFINITIONS_FILE: optional(
      text,
      "Event definitions in Ceilometer's format; read again on SIGHUP.",
      "Tidings' own",
    ),
    TIDINGS_CEILOMETER_DROP_UNMATCHED: option(
      flag,
      'false',
      'Whether notifications that no definition asks for are dropped.',
    ),
    TIDINGS_CEILOMETER_STORE_RAW: optional(
      someOf(['info', 'error']),
      'Levels whose notifications are kept as `raw`.',
      'none',
    ),
    PIPELINE_FILE: optional(
      text,
      "Ceilometer's event_pipeline.yaml, whose publishers become sinks; read again on SIGHUP.",
      'none',
    ),
    TIDINGS_TELEMETRY_SECRET: option(
      text,
      'change this for valid signing',
      "telemetry_secret of OpenStack's services, for the signatures of `notifier://`.",
    ),
  },
  extendSchema: addReportNotifications,

  async open(context, { values, http, maxBodyBytes, maxEvents, maxBatch, sourceContext }) {
    const { AMQP_URL: urls, TIDINGS_AMQP_EXCHANGES: exchanges, PIPELINE_FILE: file } = values;
    const durable = values.TIDINGS_AMQP_DURABLE;
    const { log } = context;
    const secret = values.TIDINGS_TELEMETRY_SECRET;
    const pipeline =
      file === null ? null : openPipelineFile({ file, secret, brokers: urls, durable, log });
    const out: OpenDialect = {
      encoders: [ceilometerEncoder],
      ...(pipeline !== null && { declaredSinks: () => pipeline.loaded }),
      reload: async () => pipeline?.reload(),
    };
    // Definitions that nobody needs cannot keep the gateway from starting.
    if (!http && urls === null) return out;
    const converter = await Ceilometer.open(
      {
        definitionsFile: values.DEFINITIONS_FILE,
        dropUnmatched: values.TIDINGS_CEILOMETER_DROP_UNMATCHED,
        storeRaw: values.TIDINGS_CEILOMETER_STORE_RAW ?? [],
      },
      log,
    );
    const queues = {
      topics: values.TIDINGS_AMQP_TOPICS,
      queuePrefix: values.TIDINGS_AMQP_QUEUE_PREFIX ?? '',
      durable,
      ...(exchanges && { exchanges }),
      maxBatch,
    };
    return {
      ...out,
      http: http
        ? createCeilometerHttp(context, converter, { maxBodyBytes, maxEvents })
        : undefined,
      services: http
        ? {
            reportNotifications: (intake) =>
              createReportNotifications(intake, converter, maxEvents),
          }
        : {},
      sources:
        urls === null
          ? []
          : [
              async () => {
                const { CeilometerAmqpSource } = await import('./source.ts');
                return new CeilometerAmqpSource(sourceContext, converter, { urls, ...queues });
              },
            ],
      reload: async () => {
        pipeline?.reload();
        await converter.reload();
      },
    };
  },
});
