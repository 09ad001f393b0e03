import { logLevels } from '../telemetry/log.ts';
import {
  addresses,
  amqpServers,
  bytes,
  duration,
  flag,
  httpAddress,
  names,
  natsServers,
  nomadTopics,
  oneOf,
  option,
  optional,
  origins,
  postgresUrl,
  readableFile,
  someOf,
  streamName,
  text,
  wholeNumber,
} from './readers.ts';

const httpDialects = ['vamp', 'nomad', 'ceilometer', 'skywalking'] as const;
export type HttpDialectName = (typeof httpDialects)[number];

/** Every environment variable there is: the README's table is made of this. */
export const options = {
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
  NATS_URL: optional(
    natsServers,
    'NATS with JetStream: `nats://host:4222`, several with commas. Several gateways need `DATABASE_URL` beside it.',
    'the embedded journal',
  ),
  NATS_CREDS: optional(readableFile, 'A credentials file for NATS.'),
  NATS_CA: optional(readableFile, 'A file of certificate authorities to trust NATS by.'),
  NATS_CERT: optional(readableFile, 'A certificate to show NATS; needs `NATS_KEY`.'),
  NATS_KEY: optional(readableFile, "The certificate's private key."),
  TIDINGS_STREAM: option(streamName, 'TIDINGS', 'The JetStream stream that is the journal.'),
  TIDINGS_STREAM_REPLICAS: option(
    wholeNumber(1, 5),
    '1',
    'Copies of the stream, where the gateway creates it; 3 for a cluster.',
  ),
  TIDINGS_STREAM_MAX_BYTES: optional(
    bytes,
    'Size at which the stream refuses further reports, where the gateway creates it.',
    "the server's limit",
  ),
  TIDINGS_STREAM_KEEP: option(duration, '24h', 'How long stored reports stay in the stream.'),
  TIDINGS_STREAM_KEEP_BYTES: option(bytes, '1GiB', 'How much of them stays.'),
  MAYASTOR_STREAM: optional(
    streamName,
    "The stream of Mayastor's events: `events-stream`. Needs `NATS_URL`.",
    'off',
  ),
  MAYASTOR_STREAM_REPLICAS: option(
    wholeNumber(1, 5),
    '1',
    'Copies of that stream, where the gateway creates it.',
  ),
  TIDINGS_DIALECTS: option(
    someOf(httpDialects),
    'all',
    `HTTP interfaces of other systems: some of ${httpDialects.map((name) => `\`${name}\``).join(', ')}, with commas, or \`none\`.`,
  ),
  TIDINGS_RETENTION: optional(
    duration,
    'How long events are kept after they were recorded: `90d`.',
    'for ever',
  ),
  TIDINGS_STORE_RAW: option(flag, 'true', 'Whether the message that an event was made of is kept.'),
  TIDINGS_CORS_ORIGINS: optional(
    origins,
    'Other origins whose pages may call the gateway, with commas, or `*`.',
    'none',
  ),
  TIDINGS_LOG_LEVEL: option(oneOf(logLevels), 'info', `One of ${logLevels.join(', ')}.`),
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
  TIDINGS_MAX_DEPTH: option(wholeNumber(1), '12', 'Levels of fields in an operation.'),
  TIDINGS_MAX_ALIASES: option(wholeNumber(0), '30', 'Aliases in an operation.'),
  TIDINGS_MAX_TOKENS: option(wholeNumber(1), '2000', 'Tokens in a document.'),
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
    'What may wait for a slow follower before its feed ends with `SLOW_CONSUMER`.',
  ),
  TIDINGS_KEEP_ALIVE: option(duration, '12s', 'How often a quiet feed shows that it lives.'),

  TIDINGS_VAMP_VALUES: option(
    oneOf(['text', 'typed']),
    'text',
    'How Vamp clients are given values: `text`, as Vamp does, or `typed`.',
  ),
  TIDINGS_VAMP_STRICT: option(
    flag,
    'false',
    'Whether Vamp requests are refused wherever Vamp refuses them.',
  ),
  NOMAD_ADDR: optional(
    httpAddress,
    'A Nomad cluster whose event stream is followed: `http://host:4646`.',
    'off',
  ),
  NOMAD_TOKEN: optional(text, 'The secret to show that cluster.'),
  TIDINGS_NOMAD_CLUSTER: option(
    text,
    'nomad',
    'What the cluster is called: a part of the ids of its events, to be different for each cluster and never changed.',
  ),
  TIDINGS_NOMAD_NAMESPACE: option(text, '*', 'The namespace to follow; `*` for all.'),
  TIDINGS_NOMAD_TOPICS: optional(nomadTopics, 'Topics to follow: `Job,Allocation:web`.', 'all'),
  SKYWALKING_GRPC_PORT: optional(
    wholeNumber(0, 65_535),
    "The port for SkyWalking's agents: 11800 is SkyWalking's own.",
    'off',
  ),
  TIDINGS_SKYWALKING_AUTHENTICATION: optional(text, 'What agents must send as `Authentication`.'),
  TIDINGS_SKYWALKING_STRICT: option(
    flag,
    'false',
    'Whether an event without a layer ends the call, as in SkyWalking.',
  ),
  KAFKA_BROKERS: optional(
    addresses,
    'Kafka with SkyWalking events: `host:9092`, several with commas.',
    'off',
  ),
  TIDINGS_KAFKA_NAMESPACE: optional(
    text,
    'What stands before the name of the topic `skywalking-events`.',
  ),
  TIDINGS_KAFKA_GROUP: option(text, 'tidings', 'The consumer group: its gateways share the topic.'),
  AMQP_URL: optional(
    amqpServers,
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
    'Stands before the names of the queues, so that a Ceilometer beside the gateway keeps its own.',
  ),
  TIDINGS_AMQP_DURABLE: option(flag, 'false', 'amqp_durable_queues of the services.'),
  DEFINITIONS_FILE: optional(
    readableFile,
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
} as const;
