import { eventMinutes } from '../alarms/minute-evaluator.ts';
import { dialectDefinitions } from '../dialects/registry.ts';
import {
  addresses,
  amqpUrl,
  bytes,
  duration,
  flag,
  httpAddress,
  natsServers,
  needing,
  networks,
  oneOf,
  option,
  optional,
  origins,
  postgresUrl,
  publicUrls,
  readableFile,
  secretKey,
  someOf,
  streamName,
  text,
  type Variables,
  wholeNumber,
} from '../environment/readers.ts';
import { logLevels } from '../telemetry/log.ts';

const httpDialects = dialectDefinitions.filter(({ hasHttp }) => hasHttp).map(({ name }) => name);

/** The variables of the gateway itself. */
export const gatewayVariables = {
  TIDINGS_HOST: option(text, '127.0.0.1', 'The address to listen on.'),
  TIDINGS_PORT: option(
    wholeNumber(0, 65_535),
    '4000',
    'The port to listen on; 0 takes a free one.',
  ),
  TIDINGS_DATA_DIR: option(
    text,
    './.tidings',
    'Where the database lies when there is no `DATABASE_URL`.',
  ),
  DATABASE_URL: optional(
    postgresUrl,
    'PostgreSQL: `postgresql://user:password@host:5432/name`.',
    'PGlite, in this process',
  ),
  DATABASE_READ_URL: needing(
    'DATABASE_URL',
    optional(
      postgresUrl,
      'A replica of `DATABASE_URL` that answers queries, or what hands connections to several.',
      'queries go to `DATABASE_URL`',
    ),
  ),
  NATS_URL: optional(
    natsServers,
    'NATS with JetStream: `nats://host:4222`, several with commas. Several gateways need `DATABASE_URL` as well.',
    'the embedded journal',
  ),
  NATS_CREDS: needing('NATS_URL', optional(readableFile, 'A credentials file for NATS.')),
  NATS_CA: needing(
    'NATS_URL',
    optional(readableFile, 'A file of certificate authorities to trust NATS by.'),
  ),
  NATS_CERT: needing(
    'NATS_KEY',
    optional(readableFile, 'A certificate to show NATS; needs `NATS_KEY`.'),
  ),
  NATS_KEY: needing('NATS_CERT', optional(readableFile, "The certificate's private key.")),
  TIDINGS_STREAM: option(streamName, 'TIDINGS', 'The JetStream stream that is the journal.'),
  TIDINGS_STREAM_REPLICAS: option(
    wholeNumber(1, 5),
    '1',
    'Copies of the stream, where the gateway creates it; 3 for a cluster.',
  ),
  TIDINGS_STREAM_MAX_BYTES: optional(
    bytes,
    'Size at which the stream rejects further reports, where the gateway creates it.',
    "the server's limit",
  ),
  TIDINGS_STREAM_KEEP: option(duration, '24h', 'How long stored reports stay in the stream.'),
  TIDINGS_STREAM_KEEP_BYTES: option(bytes, '1GiB', 'How many bytes of them stay.'),
  TIDINGS_DIALECTS: option(
    someOf(httpDialects),
    'all',
    `HTTP interfaces of other systems: some of ${httpDialects.map((name) => `\`${name}\``).join(', ')}, with commas, or \`none\`.`,
  ),
  TIDINGS_RETENTION: optional(
    duration,
    'How long events are kept at least after they were recorded: `90d`. They are deleted together, at most a tenth of that time later.',
    'for ever',
  ),
  TIDINGS_STORE_RAW: option(flag, 'true', 'Whether the message that an event was made of is kept.'),
  TIDINGS_PUBLIC_URL: optional(
    publicUrls,
    'URLs by which clients reach the gateway, with commas: `https://tidings.example.org`. Requests for another name are rejected with 421.',
    'IP addresses, `localhost` and `TIDINGS_HOST`',
  ),
  TIDINGS_SECRET_KEY: optional(
    secretKey,
    'Encrypts the secrets of sinks: any text of 16 characters or more, the same on every gateway.',
    'made in the data directory; with `DATABASE_URL` none',
  ),
  SINK_KAFKA_BROKERS: optional(
    addresses,
    'Brokers of the Kafka that sinks may send to: `host:9092`, several with commas.',
    'no sinks to Kafka',
  ),
  SINK_AMQP_URL: optional(
    amqpUrl,
    'The RabbitMQ that sinks may publish to: `amqp://user:password@host`.',
    'no sinks to RabbitMQ',
  ),
  TIDINGS_SINK_NETWORKS: optional(
    networks,
    'Private networks to which sinks may deliver: `10.0.0.0/8,fd00::/8`.',
    'none',
  ),
  TIDINGS_CORS_ORIGINS: optional(
    origins,
    'Other origins whose pages may call the gateway, with commas, or `*`.',
    'none',
  ),
  TIDINGS_AUTH_FILE: optional(
    readableFile,
    'Who may report and read what, as `docs/security.md` describes; read again on SIGHUP.',
    'everybody may do everything',
  ),
  TIDINGS_CONSOLE_CLIENT_ID: needing(
    'TIDINGS_AUTH_FILE',
    optional(
      text,
      'The client by which the console signs people in through an issuer: a public one with PKCE, whose redirect URI is the address of the gateway with a `/` at its end.',
      'by tokens alone',
    ),
  ),
  TIDINGS_CONSOLE_ISSUER: needing(
    'TIDINGS_CONSOLE_CLIENT_ID',
    optional(text, 'Through which issuer of the policy.', 'the first'),
  ),
  TIDINGS_CONSOLE_SCOPE: option(
    text,
    'openid',
    'The scopes that the console asks the issuer for, with spaces.',
  ),
  TIDINGS_ALARMS_FILE: optional(
    readableFile,
    'Rules of alarms, as `docs/alarms.md` describes; read again on SIGHUP.',
    'none',
  ),
  TIDINGS_SINKS_FILE: optional(
    readableFile,
    'Sinks, as `docs/sinks.md` describes; read again on SIGHUP.',
    'none',
  ),
  TIDINGS_AUTH: optional(
    oneOf(['off']),
    '`off`: everybody may do everything, from other machines too. Needed to listen on more than loopback without `TIDINGS_AUTH_FILE`.',
  ),
  TIDINGS_TLS_CERT: needing(
    'TIDINGS_TLS_KEY',
    optional(
      readableFile,
      'A certificate chain in PEM, shown by every port; read again on SIGHUP. Needs `TIDINGS_TLS_KEY`.',
      'no TLS',
    ),
  ),
  TIDINGS_TLS_KEY: needing(
    'TIDINGS_TLS_CERT',
    optional(readableFile, "The certificate's private key."),
  ),
  TIDINGS_LOG_LEVEL: option(
    oneOf(logLevels),
    'info',
    `One of ${logLevels.join(', ')}; SIGUSR2 changes it to debug and back.`,
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: optional(
    httpAddress,
    'Where traces and metrics are sent by OTLP, as `docs/telemetry.md` describes: `http://collector:4318`.',
    'off',
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: optional(
    httpAddress,
    'Where traces are sent instead: `http://collector:4318/v1/traces`.',
  ),
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: optional(
    httpAddress,
    'Where metrics are sent instead: `http://collector:4318/v1/metrics`.',
  ),
  OTEL_EXPORTER_OTLP_PROTOCOL: option(
    oneOf(['http/protobuf']),
    'http/protobuf',
    'The one form of OTLP that is sent.',
  ),
  OTEL_TRACES_EXPORTER: option(oneOf(['otlp', 'none']), 'otlp', '`none`: no traces are sent.'),
  OTEL_METRICS_EXPORTER: option(oneOf(['otlp', 'none']), 'otlp', '`none`: no metrics are sent.'),
  OTEL_METRIC_EXPORT_INTERVAL: option(
    wholeNumber(100, 86_400_000),
    '60000',
    'Milliseconds between two exports of metrics.',
  ),
  OTEL_SDK_DISABLED: option(flag, 'false', '`true`: neither traces nor metrics are sent.'),
  TIDINGS_MAX_EVENTS: option(wholeNumber(1, 100_000), '1000', 'Events in one mutation.'),
  TIDINGS_MAX_EVENT_BYTES: option(bytes, '256KiB', 'Size of one event as JSON.'),
  TIDINGS_MAX_TAGS: option(wholeNumber(0), '64', 'Tags of an event.'),
  TIDINGS_MAX_TRAITS: option(wholeNumber(0), '128', 'Traits of an event.'),
  TIDINGS_MAX_FILTER_KEYS: option(wholeNumber(0), '64', 'Filter keys of an event.'),
  TIDINGS_MAX_FUTURE: option(duration, '5m', 'How far ahead the time of an event may lie.'),
  TIDINGS_MAX_FILTER_DEPTH: option(
    wholeNumber(1, 64),
    '8',
    'Levels of `all`, `any` and `not` in a filter.',
  ),
  TIDINGS_MAX_ALARM_ENTITIES: option(
    wholeNumber(1, 1_000_000),
    '50000',
    'Entities of one alarm rule; events of further ones do not count, and the rule says so.',
  ),
  TIDINGS_ALARM_MINUTE: option(
    oneOf(eventMinutes),
    'arrival',
    'The minute in which an event counts in an expression of an alarm rule: of its arrival or of its start.',
  ),
  TIDINGS_MAX_DEPTH: option(wholeNumber(1), '12', 'Levels of fields in an operation.'),
  TIDINGS_MAX_ALIASES: option(wholeNumber(0), '30', 'Aliases in an operation.'),
  TIDINGS_MAX_TOKENS: option(wholeNumber(1), '2000', 'Tokens in a document.'),
  TIDINGS_MAX_ANSWER_BYTES: option(
    bytes,
    '64MiB',
    'Size of the answer to one operation, and of what it reads from the database.',
  ),
  TIDINGS_MAX_BODY_BYTES: option(bytes, '16MiB', 'Size of the body of a request.'),
  TIDINGS_MAX_CONNECTIONS: option(wholeNumber(1), '10000', 'Connections at a time.'),
  TIDINGS_MAX_OPERATIONS: option(
    wholeNumber(1),
    '1000',
    'Operations under way at a time over one WebSocket.',
  ),
  TIDINGS_MAX_CHANNELS: option(wholeNumber(1), '50000', 'Distinct subscriptions at a time.'),
  TIDINGS_QUEUE_BYTES: option(
    bytes,
    '1MiB',
    'Bytes that may wait for a slow follower before its feed ends with `SLOW_CONSUMER`.',
  ),
  TIDINGS_KEEP_ALIVE: option(duration, '12s', 'How often a quiet feed shows that it lives.'),
} as const;

/** Every environment variable there is, in the order of README's table. */
export const variables: Variables = Object.assign(
  {},
  gatewayVariables,
  ...dialectDefinitions.map((dialect) => dialect.variables),
);
