import { flag, names, option, optional, reader, someOf, text } from '../../environment/readers.ts';
import { defineDialect } from '../dialect.ts';
import { amqpUrls } from './amqp/url.ts';
import { Ceilometer } from './ceilometer.ts';
import { ceilometerEncoder } from './encode.ts';
import { createCeilometerHttp } from './http.ts';
import { addReportNotifications } from './mutation.ts';
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
  },
  extendSchema: addReportNotifications,

  async open(context, { values, http, maxBodyBytes, maxBatch, sourceContext }) {
    const { AMQP_URL: urls, TIDINGS_AMQP_EXCHANGES: exchanges } = values;
    // Definitions that nobody needs cannot keep the gateway from starting.
    const encoders = [ceilometerEncoder];
    if (!http && urls === null) return { encoders };
    const converter = await Ceilometer.open(
      {
        definitionsFile: values.DEFINITIONS_FILE,
        dropUnmatched: values.TIDINGS_CEILOMETER_DROP_UNMATCHED,
        storeRaw: values.TIDINGS_CEILOMETER_STORE_RAW ?? [],
      },
      context.log,
    );
    const queues = {
      topics: values.TIDINGS_AMQP_TOPICS,
      queuePrefix: values.TIDINGS_AMQP_QUEUE_PREFIX ?? '',
      durable: values.TIDINGS_AMQP_DURABLE,
      ...(exchanges && { exchanges }),
      maxBatch,
    };
    return {
      encoders,
      http: http ? createCeilometerHttp(context, converter, { maxBodyBytes }) : undefined,
      services: http
        ? { reportNotifications: (intake) => createReportNotifications(intake, converter) }
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
      reload: async () => void (await converter.reload()),
    };
  },
});
