import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { Ceilometer } from '../dialects/ceilometer/ceilometer.ts';
import { createReportNotifications } from '../dialects/ceilometer/report-notifications.ts';
import type { DialectContext } from '../dialects/dialect.ts';
import type { Instant } from '../event/event.ts';
import { now as currentInstant } from '../event/instant.ts';
import type { GraphServices } from '../graphql/context.ts';
import { createPrepareDocument } from '../graphql/document.ts';
import { createExecution } from '../graphql/execution.ts';
import type { GraphEngine } from '../graphql/operation.ts';
import { createPublicError } from '../graphql/public-error.ts';
import { createCoercion } from '../graphql/variables.ts';
import { createIntake } from '../intake/accept.ts';
import { Live, type LiveLimits } from '../live/live.ts';
import type { NatsLink } from '../nats/connection.ts';
import { GatewayServer } from '../server/gateway-server.ts';
import type { Readiness } from '../server/http/health.ts';
import { openStore } from '../store/open.ts';
import { Retention } from '../store/write/retention.ts';
import { createLog, type Log } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { registerGauges } from './gauges.ts';
import { instrumentIntake, instrumentJournal } from './instrument.ts';
import { createHttpDialects, openSources } from './open-dialects.ts';
import { openJournal } from './open-journal.ts';
import { Parts } from './parts.ts';
import { schema } from './schema.ts';

/** What tests put in the place of the real thing. */
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
  /** Resolves once queries and reports are answered: at once, where nothing is away. */
  ready(): Promise<void>;
  /** Reads again what can be exchanged while it runs: the event definitions. */
  reload(): Promise<void>;
}

/** Operations that are under way when the gateway stops are given so long, in milliseconds. */
const grace = 5_000;
const readyPause = 20;

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
  const log = overrides.log ?? createLog(config.logLevel);
  const parts = new Parts(log);
  try {
    const core = await openCore(
      config,
      { now: currentInstant, live: {}, ...overrides, log },
      parts,
    );
    const url = await openFront(config, core, parts);
    log.info(startLine(config, url));
    return {
      url,
      context: core.context,
      ready: () => untilReady(core.readiness),
      reload: async () => void (await core.ceilometer.reload()),
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

/** Everything behind the port. */
interface Core {
  readonly metrics: Metrics;
  readonly ceilometer: Ceilometer;
  readonly live: Live;
  readonly link: NatsLink | null;
  readonly context: DialectContext;
  readonly readiness: () => Readiness;
}

async function openCore(
  config: Config,
  { log, now, live: limits }: Overrides,
  parts: Parts,
): Promise<Core> {
  const metrics = createMetrics();
  const ceilometer = await Ceilometer.open(config.ceilometer.definitions, log);
  const { databaseUrl, dataDirectory, intake: intakeLimits, storeRaw, retention } = config;
  const exclusive = config.nats === null;
  const store = parts.add(await openStore({ databaseUrl, dataDirectory, exclusive, log }));
  const {
    journal: plain,
    link,
    healthReason,
  } = parts.add(await openJournal(config, store, { log, metrics }));
  const journal = instrumentJournal(plain, metrics);
  const live = parts.add(
    new Live({
      journal,
      store,
      log,
      onDelay: metrics.delivered,
      limits: { ...limits, maxChannels: config.live.maxChannels },
    }),
  );
  registerGauges(metrics, { journal, store, live });
  if (retention !== null) parts.add(new Retention(store, () => now() - retention, log));
  const intake = createIntake({
    journal,
    store,
    limits: intakeLimits,
    storeRaw,
    now,
    onClockAhead: ({ dialect }) => metrics.clockAhead(dialect),
  });
  const context: DialectContext = {
    intake: instrumentIntake(intake, metrics),
    store,
    openFeed: live.openFeed,
    journal,
    log,
    now,
  };
  const readiness = (): Readiness => ({
    journal: journal.healthReason(),
    store: store.healthReason() ?? healthReason(),
    stopping: parts.closing,
  });
  return { metrics, ceilometer, live, link, context, readiness };
}

/** Resolves with the address once the port is open and the sources bring events in. */
async function openFront(config: Config, core: Core, parts: Parts): Promise<string> {
  const { context, live } = core;
  const { host, port, corsOrigins } = config;
  const front = new GatewayServer({
    host,
    port,
    corsOrigins,
    ...config.http,
    ...config.live,
    ...core,
    engine: engineOf(config, core),
    subscribe: (operation, sink) => live.subscribe(operation, sink),
    dialects: createHttpDialects(config, context, core.ceilometer),
    version,
    log: context.log,
  });
  const sources = new Parts(context.log);
  parts.onClose(() => Promise.all([front.close(grace), sources.close()]));
  const url = await front.listen();
  await openSources(config, core, sources);
  return url;
}

function engineOf(config: Config, { context, ceilometer }: Core): GraphEngine {
  const services: GraphServices = {
    ...context,
    maxFilterDepth: config.maxFilterDepth,
    dialects: config.dialects.includes('ceilometer')
      ? { reportNotifications: createReportNotifications(context.intake, ceilometer) }
      : {},
  };
  return {
    schema,
    coerced: createCoercion(schema),
    execute: createExecution(schema),
    prepare: createPrepareDocument(schema, config.document),
    publicError: createPublicError(context.log),
    context: () => ({ ...services, now: context.now() }),
  };
}

function startLine({ databaseUrl, dataDirectory, nats }: Config, url: string): string {
  const database =
    databaseUrl === null ? `PGlite in ${dataDirectory}` : `PostgreSQL at ${placeOf(databaseUrl)}`;
  const journal =
    nats === null ? 'embedded' : `NATS at ${nats.servers.servers.map(placeOf).join(', ')}`;
  const alone =
    nats !== null && databaseUrl === null ? ' Several gateways need DATABASE_URL as well.' : '';
  return `Tidings listens on ${url}/graphql (journal: ${journal}; database: ${database}).${alone}`;
}

/** Where a URL leads, without the password that it may hold. */
function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname === '/' ? '' : pathname}`;
}

async function untilReady(readiness: () => Readiness): Promise<void> {
  for (;;) {
    const { journal, store } = readiness();
    if (journal === null && store === null) return;
    await setTimeout(readyPause);
  }
}
