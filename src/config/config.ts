import { isIPv4 } from 'node:net';
import { readVariable, type ValuesOf } from '../environment/readers.ts';
import { FaultsError } from '../runtime/faults-error.ts';
import { type gatewayVariables, variables } from './variables.ts';

type Values = ValuesOf<typeof gatewayVariables>;

/** Everything that is wrong with the environment, a sentence each. */
export class ConfigError extends FaultsError {
  override readonly name = 'ConfigError';
}

type DialectValues = Readonly<Record<string, unknown>>;

export type Config = ReturnType<typeof toConfig>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the environment; an empty variable counts as absent. @throws ConfigError with all faults at once */
export function readConfig(environment: Environment = process.env): Config {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const { values, faults } = parse(given);
  const all = [...unknown(given), ...faults, ...contradictions(given)];
  if (all.length === 0) all.push(...faultsOfAccess(values as Values));
  if (all.length > 0) throw new ConfigError(all);
  return toConfig(values as Values, values);
}

function parse(given: Environment): { values: DialectValues; faults: readonly string[] } {
  const values: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const [name, variable] of Object.entries(variables)) {
    const reading = readVariable(variable, given[name]);
    if ('value' in reading) values[name] = reading.value;
    else faults.push(faultOf(name, reading.wanted, given[name]));
  }
  return { values, faults };
}

function faultOf(name: string, wanted: string, given: string | undefined): string {
  // Other variables may hold a password.
  const shown = name.startsWith('TIDINGS_') ? `, not "${given}"` : '';
  return `${name} must be ${wanted}${shown}.`;
}

/** Of the command line, which may be set in the same shell. */
const ofClients: ReadonlySet<string> = new Set(['TIDINGS_URL', 'TIDINGS_TOKEN', 'TIDINGS_CONTEXT']);

function unknown(given: Environment): string[] {
  return Object.keys(given)
    .filter((name) => name.startsWith('TIDINGS_') && !(name in variables) && !ofClients.has(name))
    .map((name) => `${name} is not an option: README.md lists them all.`);
}

function contradictions(given: Environment): string[] {
  return Object.entries(variables).flatMap(([name, { needs }]) =>
    needs === undefined || given[name] === undefined || given[needs] !== undefined
      ? []
      : [`${name} needs ${needs} as well.`],
  );
}

function faultsOfAccess({ TIDINGS_HOST, TIDINGS_AUTH, TIDINGS_AUTH_FILE }: Values): string[] {
  if (TIDINGS_AUTH_FILE !== null) {
    return TIDINGS_AUTH === null
      ? []
      : ['TIDINGS_AUTH=off contradicts TIDINGS_AUTH_FILE: leave one of them out.'];
  }
  if (TIDINGS_AUTH === 'off' || isLoopback(TIDINGS_HOST)) return [];
  return [
    `With TIDINGS_HOST=${TIDINGS_HOST} other machines reach the gateway, and everybody could read and report everything: set TIDINGS_AUTH_FILE, or TIDINGS_AUTH=off where this is meant.`,
  ];
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));

function toConfig(values: Values, dialectValues: DialectValues) {
  return {
    host: values.TIDINGS_HOST,
    port: values.TIDINGS_PORT,
    dataDirectory: values.TIDINGS_DATA_DIR,
    databaseUrl: values.DATABASE_URL,
    /** Null where there is no replica. */
    readUrl: values.DATABASE_READ_URL,
    nats: natsOf(values),
    dialects: values.TIDINGS_DIALECTS,
    /** Of the variables that dialects declare: each dialect reads its own. */
    dialectValues,
    /** Null keeps events for ever. */
    retentionMicros: values.TIDINGS_RETENTION,
    storeRaw: values.TIDINGS_STORE_RAW,
    /** Null where everybody may do everything. */
    authFile: values.TIDINGS_AUTH_FILE,
    openId: openIdOf(values),
    tls: tlsOf(values),
    publicUrls: values.TIDINGS_PUBLIC_URL ?? [],
    sinks: {
      secretKey: values.TIDINGS_SECRET_KEY,
      networks: values.TIDINGS_SINK_NETWORKS ?? [],
      kafkaBrokers: values.SINK_KAFKA_BROKERS,
      amqpUrl: values.SINK_AMQP_URL,
    },
    corsOrigins: values.TIDINGS_CORS_ORIGINS ?? [],
    logLevel: values.TIDINGS_LOG_LEVEL,
    /** Null where nothing is sent by OTLP. */
    telemetry: telemetryOf(values),
    intake: {
      events: values.TIDINGS_MAX_EVENTS,
      eventBytes: values.TIDINGS_MAX_EVENT_BYTES,
      tags: values.TIDINGS_MAX_TAGS,
      traits: values.TIDINGS_MAX_TRAITS,
      filterKeys: values.TIDINGS_MAX_FILTER_KEYS,
      futureMicros: values.TIDINGS_MAX_FUTURE,
    },
    maxFilterDepth: values.TIDINGS_MAX_FILTER_DEPTH,
    maxAnswerBytes: values.TIDINGS_MAX_ANSWER_BYTES,
    /** Null where there is none. */
    alarmsFile: values.TIDINGS_ALARMS_FILE,
    /** Null where there is none. */
    sinksFile: values.TIDINGS_SINKS_FILE,
    maxAlarmEntities: values.TIDINGS_MAX_ALARM_ENTITIES,
    alarmMinute: values.TIDINGS_ALARM_MINUTE,
    document: {
      maxDepth: values.TIDINGS_MAX_DEPTH,
      maxAliases: values.TIDINGS_MAX_ALIASES,
      maxTokens: values.TIDINGS_MAX_TOKENS,
    },
    http: {
      maxBodyBytes: values.TIDINGS_MAX_BODY_BYTES,
      maxConnections: values.TIDINGS_MAX_CONNECTIONS,
    },
    live: {
      maxOperations: values.TIDINGS_MAX_OPERATIONS,
      maxChannels: values.TIDINGS_MAX_CHANNELS,
      queueBytes: values.TIDINGS_QUEUE_BYTES,
      keepAliveMs: values.TIDINGS_KEEP_ALIVE / 1_000,
    },
  };
}

function telemetryOf(values: Values) {
  if (values.OTEL_SDK_DISABLED) return null;
  const tracesUrl =
    values.OTEL_TRACES_EXPORTER === 'none'
      ? null
      : (values.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? under(values, 'v1/traces'));
  const metricsUrl =
    values.OTEL_METRICS_EXPORTER === 'none'
      ? null
      : (values.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT ?? under(values, 'v1/metrics'));
  if (tracesUrl === null && metricsUrl === null) return null;
  return { tracesUrl, metricsUrl, metricIntervalMs: values.OTEL_METRIC_EXPORT_INTERVAL };
}

const under = ({ OTEL_EXPORTER_OTLP_ENDPOINT: base }: Values, path: string): string | null =>
  base && `${base.replace(/\/+$/, '')}/${path}`;

function tlsOf({ TIDINGS_TLS_CERT: certFile, TIDINGS_TLS_KEY: keyFile }: Values) {
  return certFile === null || keyFile === null ? null : { certFile, keyFile };
}

/** Null where nobody signs in through an issuer. */
function openIdOf(values: Values) {
  const { TIDINGS_CONSOLE_CLIENT_ID: clientId, TIDINGS_CONSOLE_ISSUER: issuer } = values;
  return clientId === null ? null : { clientId, issuer, scope: values.TIDINGS_CONSOLE_SCOPE };
}

function natsOf(values: Values) {
  if (values.NATS_URL === null) return null;
  return {
    servers: {
      servers: values.NATS_URL,
      credentialsFile: values.NATS_CREDS,
      caFile: values.NATS_CA,
      certFile: values.NATS_CERT,
      keyFile: values.NATS_KEY,
    },
    stream: {
      name: values.TIDINGS_STREAM,
      replicas: values.TIDINGS_STREAM_REPLICAS,
      maxBytes: values.TIDINGS_STREAM_MAX_BYTES,
    },
    keep: {
      maxAgeMs: values.TIDINGS_STREAM_KEEP / 1_000,
      maxBytes: values.TIDINGS_STREAM_KEEP_BYTES,
    },
  };
}
