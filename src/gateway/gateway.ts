import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Session } from '../access/access.ts';
import { openScope } from '../access/scope.ts';
import type { Config } from '../config/config.ts';
import { identifyBy } from '../dialects/caller.ts';
import type { DialectContext } from '../dialects/dialect.ts';
import type { Instant } from '../event/event.ts';
import { now as currentInstant } from '../event/instant.ts';
import { createPrepareDocument } from '../graphql/document.ts';
import { createExecution } from '../graphql/execution.ts';
import { defaultMaxListLength } from '../graphql/limits.ts';
import type { GraphEngine } from '../graphql/operation.ts';
import { createPublicError } from '../graphql/public-error.ts';
import { createCoercion } from '../graphql/variables.ts';
import { Certificate } from '../http/certificate.ts';
import { createIntake } from '../intake/accept.ts';
import { AuditTrail, conflictEntry } from '../intake/audit-trail.ts';
import type { OpenFeed } from '../live/feed.ts';
import { Live, type LiveLimits } from '../live/live.ts';
import { maxOpenFiles } from '../runtime/open-files.ts';
import { GatewayServer } from '../server/gateway-server.ts';
import type { Readiness } from '../server/http/health.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { PartitionKeeper } from '../store/write/partition-keeper.ts';
import { maxSpanOf, Retention } from '../store/write/retention.ts';
import { RollupFill } from '../store/write/rollup-fill.ts';
import { createLog, type Log, toggleDebug } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import type { OpenTelemetry } from '../telemetry/open-telemetry.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import { registerGauges } from './gauges.ts';
import { instrumentIntake, instrumentJournal } from './instrument.ts';
import { type OpenAccess, openAccess } from './open-access.ts';
import { type OpenAlarms, openAlarms } from './open-alarms.ts';
import { OpenDialects } from './open-dialects.ts';
import { openJournal } from './open-journal.ts';
import { openSinks } from './open-sinks.ts';
import { OperationContext } from './operation-context.ts';
import { Parts } from './parts.ts';
import { schema } from './schema.ts';
import { ScopedContexts, sourceContexts } from './scoped-contexts.ts';
import { declareSinksFile, redeclareSinksFile } from './sinks-file.ts';
import {
  tracedFeed,
  tracedFill,
  tracedIntake,
  tracedJournal,
  tracedStore,
  tracedSubscribe,
} from './traced.ts';

/** Replaced by tests. */
export interface Overrides {
  readonly log: Log;
  readonly now: () => Instant;
  readonly live: Partial<LiveLimits>;
}

/** A running gateway. */
export interface Gateway extends AsyncDisposable {
  /** http://127.0.0.1:4000 */
  readonly url: string;
  readonly context: DialectContext;
  /** Resolves once queries and reports are answered: at once, where nothing is down. */
  ready(): Promise<void>;
  /** Reads TIDINGS_ALARMS_FILE, TIDINGS_SINKS_FILE, TIDINGS_AUTH_FILE, the certificate and the files of the dialects again. */
  reload(): Promise<void>;
  /** Changes the log level to debug, or back to TIDINGS_LOG_LEVEL. */
  toggleDebug(): void;
}

/** Files and sockets that a gateway has open besides its clients' connections: most are the embedded database's. */
const reservedFiles = 100;
const minConnections = 8;

/** Given to operations that are under way when the gateway stops. */
const graceMs = 5_000;
const readyPauseMs = 20;

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

/**
 * Starts a gateway: database, journal, live feeds, the port, and last what brings events in by itself. A server
 * that does not answer yet holds nothing up: the port is open meanwhile and says what is missing.
 * @throws Error with a sentence when it cannot start at all
 */
export async function createGateway(
  config: Config,
  overrides: Partial<Overrides> = {},
): Promise<Gateway> {
  const telemetry = await openTelemetry(config);
  const log = overrides.log ?? createLog(config.logLevel, { fields: telemetry?.tracing?.ids });
  const parts = new Parts(log);
  // The first part, so that it is closed last.
  if (telemetry !== null) parts.add(telemetry);
  try {
    const core = await openCore(
      config,
      { now: currentInstant, live: {}, ...overrides, log },
      telemetry,
      parts,
    );
    const url = await openServer(config, core, parts);
    log.info(startLine(config, url));
    return {
      url,
      context: core.context,
      ready: () => untilReady(core.readiness),
      async reload() {
        await Promise.all([
          core.access.reload(),
          core.dialects.reload(),
          core.alarms.reload(),
          redeclareSinksFile(config, core.context.sinks.declared, log),
          core.certificate?.reload(),
        ]);
        redeclareSinks(core);
        core.alarms.redeclare();
      },
      toggleDebug: () => toggleDebug(log, config.logLevel),
      async [Symbol.asyncDispose]() {
        await parts.close();
        log.info('Tidings has stopped.');
      },
    };
  } catch (error) {
    await parts.close();
    throw error;
  }
}

/** After a file was read again: what cannot be declared is logged, and the sinks stay as they were. */
function redeclareSinks({ dialects, context: { sinks, log } }: Core): void {
  try {
    dialects.declareSinks(sinks.declared);
  } catch (error) {
    log.error({ error }, 'The sinks of a file were not taken: they stay as they were.');
  }
}

/** Everything that the port serves. */
interface Core {
  readonly metrics: Metrics;
  /** Null where no traces are exported. */
  readonly tracing: Tracing | null;
  readonly access: OpenAccess;
  /** Null where the ports are without TLS. */
  readonly certificate: Certificate | null;
  readonly dialects: OpenDialects;
  readonly alarms: OpenAlarms;
  readonly subscribe: ReturnType<typeof tracedSubscribe>;
  readonly context: DialectContext;
  readonly contextOf: (session: Session) => DialectContext;
  readonly readiness: () => Readiness;
}

async function openCore(
  config: Config,
  { log, now, live: limits }: Overrides,
  telemetry: OpenTelemetry | null,
  parts: Parts,
): Promise<Core> {
  const metrics = createMetrics();
  await telemetry?.begin(metrics, log);
  const tracing = telemetry?.tracing ?? null;
  const traced = <Part>(part: Part, withSpans: (part: Part, tracing: Tracing) => Part): Part =>
    tracing === null ? part : withSpans(part, tracing);
  const { databaseUrl, readUrl, dataDirectory, storeRaw, retentionMicros } = config;
  const exclusive = config.nats === null;
  const store = parts.add(await openStore({ databaseUrl, readUrl, dataDirectory, exclusive, log }));
  const certificate = config.tls === null ? null : await Certificate.open(config.tls, log);
  const audit = new AuditTrail(log);
  const access = parts.add(await openAccess(config, store, { audit, log }));
  const filledStore = traced(store, tracedFill);
  store.onConflict((conflict) => access.access.audit.sample(conflictEntry(conflict)));
  const {
    journal: plain,
    link,
    healthReason,
  } = parts.add(await openJournal(config, filledStore, { log, metrics }));
  const timed = instrumentJournal(plain, metrics);
  const journal = traced(timed, tracedJournal);
  const live = parts.add(
    new Live({
      journal,
      store,
      log,
      onDelay: metrics.liveDelay,
      limits: { ...limits, maxChannels: config.live.maxChannels },
    }),
  );
  const maxSpanMicros = retentionMicros === null ? null : maxSpanOf(retentionMicros);
  parts.add(new PartitionKeeper(store, maxSpanMicros, log));
  const rollupFill = parts.add(new RollupFill(store, log));
  if (retentionMicros !== null) parts.add(new Retention(store, retentionMicros, now, log));
  const intake = createIntake({
    journal,
    store,
    limits: config.intake,
    storeRaw,
    keepTraceparent: tracing !== null,
    now,
    onClockAhead: ({ dialect }) => metrics.clockAhead(dialect),
  });
  parts.add(audit).begin(intake);
  const counted = instrumentIntake(intake, metrics);
  const services = {
    intake: traced(counted, tracedIntake),
    store: traced<Store>(store, tracedStore),
    openFeed: live.openFeed,
    journal,
    scope: openScope,
    log,
    now,
  };
  const sinks = await openSinks(
    config,
    { access: access.access, context: services, store, link, metrics, tracing },
    parts,
  );
  const openFeed = traced<OpenFeed>(live.openFeed, tracedFeed);
  const context: DialectContext = { ...services, openFeed, sinks: sinks.services };
  const contextOf = new ScopedContexts(context).of;
  const sourceContext = sourceContexts(access.access, context, contextOf);
  const identify = access.access.isOn ? identifyBy(access.access, contextOf) : null;
  // The dialects declare rules, which are evaluated after they are open.
  const opened: { alarms: OpenAlarms | null } = { alarms: null };
  const dialects = await OpenDialects.open(config, context, sourceContext, {
    identify,
    certificate,
    nats: link,
    totals: (types) => store.totals(types),
    alarmWindows: (namespace, name) => opened.alarms?.windowsOf(namespace, name) ?? null,
  });
  sinks.addEncoders(dialects.encoders);
  dialects.declareSinks(sinks.services.declared);
  await declareSinksFile(config, sinks.services.declared);
  sinks.begin();
  const alarmParts = {
    context,
    store,
    access: access.access,
    sinks: sinks.services,
    dialects,
    metrics,
  };
  const alarms = await openAlarms(config, alarmParts, parts);
  opened.alarms = alarms;
  registerGauges(metrics, { journal, store, rollupFill, live, sources: () => dialects.sources });
  const readiness = (): Readiness => ({
    journal: journal.healthReason(),
    store: store.healthReason() ?? healthReason(),
    sources: dialects.sources.map((source) => ({
      name: source.name,
      healthReason: source.healthReason(),
    })),
    stopping: parts.closing,
  });
  const subscribe = traced(live.subscribe, tracedSubscribe);
  return {
    metrics,
    tracing,
    access,
    certificate,
    dialects,
    alarms,
    subscribe,
    context,
    contextOf,
    readiness,
  };
}

/** Loaded where it is used: most gateways do without OpenTelemetry. */
async function openTelemetry({ telemetry }: Config): Promise<OpenTelemetry | null> {
  if (telemetry === null) return null;
  const { openTelemetry: open } = await import('../telemetry/open-telemetry.ts');
  return await open(telemetry, version);
}

/** Resolves with the address once the port is open and the sources bring events in. */
async function openServer(config: Config, core: Core, parts: Parts): Promise<string> {
  const { context, contextOf } = core;
  const { host, port, publicUrls, corsOrigins } = config;
  const server = new GatewayServer({
    host,
    port,
    publicUrls,
    corsOrigins,
    ...config.http,
    ...config.live,
    maxConnections: maxConnectionsOf(config, context.log),
    ...core,
    engine: engineOf(config, core, contextOf),
    access: core.access.access,
    openId: core.access.openId,
    contextOf,
    dialects: core.dialects.http,
    version,
    log: context.log,
  });
  const sources = new Parts(context.log);
  parts.onClose(() => Promise.all([server.close(graceMs), sources.close()]));
  const url = await server.listen();
  await core.dialects.openSources(sources);
  return url;
}

/** As many as are configured, or as the system allows this process. */
function maxConnectionsOf({ http: { maxConnections } }: Config, log: Log): number {
  const openFiles = maxOpenFiles();
  const possible = Math.max(minConnections, openFiles - reservedFiles);
  if (possible >= maxConnections) return maxConnections;
  log.warn(
    { maxOpenFiles: openFiles, maxConnections: possible },
    'The system lets this process open fewer connections than TIDINGS_MAX_CONNECTIONS.',
  );
  return possible;
}

/** The largest of the limits on lists, each of which its own reader checks. */
const maxListLength = ({ intake: { events, tags, traits, filterKeys } }: Config): number =>
  Math.max(defaultMaxListLength, events, tags, traits, filterKeys);

function engineOf(
  config: Config,
  { access: { access }, context, dialects, alarms }: Core,
  contextOf: (session: Session) => DialectContext,
): GraphEngine {
  const settings = {
    access,
    maxFilterDepth: config.maxFilterDepth,
    maxAnswerBytes: config.maxAnswerBytes,
    dialects: dialects.services,
    sinks: context.sinks,
    alarms: alarms.services,
  };
  return {
    schema,
    coerced: createCoercion(schema, maxListLength(config)),
    execute: createExecution(schema),
    prepare: createPrepareDocument(schema, config.document),
    publicError: createPublicError(context.log),
    maxAnswerBytes: config.maxAnswerBytes,
    context: (caller) =>
      new OperationContext(settings, contextOf(caller.session), caller, context.now()),
  };
}

function startLine({ databaseUrl, dataDirectory, nats }: Config, url: string): string {
  const database =
    databaseUrl === null ? `PGlite in ${dataDirectory}` : `PostgreSQL at ${addressOf(databaseUrl)}`;
  const journal =
    nats === null ? 'embedded' : `NATS at ${nats.servers.servers.map(addressOf).join(', ')}`;
  const alone =
    nats !== null && databaseUrl === null ? ' Several gateways need DATABASE_URL as well.' : '';
  return `Tidings listens: console at ${url}/, API and playground at ${url}/graphql (journal: ${journal}; database: ${database}).${alone}`;
}

/** The host and path of a URL, without the password that it may contain. */
function addressOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname === '/' ? '' : pathname}`;
}

async function untilReady(readiness: () => Readiness): Promise<void> {
  for (;;) {
    const { journal, store } = readiness();
    if (journal === null && store === null) return;
    await setTimeout(readyPauseMs);
  }
}
