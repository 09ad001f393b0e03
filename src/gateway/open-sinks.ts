import { hostname } from 'node:os';
import type { Access } from '../access/access.ts';
import type { Config } from '../config/config.ts';
import { ConsumerSupervisor } from '../consumers/supervisor.ts';
import type { DialectContext } from '../dialects/dialect.ts';
import type { SinkServices } from '../graphql/context.ts';
import type { NatsLink } from '../nats/connection.ts';
import { Consents } from '../sinks/consents.ts';
import { DeclaredSinks, definitionsOf } from '../sinks/declared-sinks.ts';
import type { Encoder } from '../sinks/encoder.ts';
import { ownEncoders } from '../sinks/formats/own-encoders.ts';
import { NetworkPolicy } from '../sinks/network-policy.ts';
import { SinkOwners } from '../sinks/owners.ts';
import { SinkRunner } from '../sinks/runner.ts';
import { SecretBox } from '../sinks/secret-box.ts';
import { SecretKeeper } from '../sinks/secrets.ts';
import { Sinks } from '../sinks/sinks.ts';
import { SinkStates } from '../sinks/states.ts';
import { SinkViews } from '../sinks/views.ts';
import type { OpenStore } from '../store/open.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import type { Parts } from './parts.ts';
import { secretKeyOf } from './secret-key.ts';

interface SinkParts {
  readonly access: Access;
  readonly context: Omit<DialectContext, 'sinks'>;
  readonly store: OpenStore;
  readonly link: NatsLink | null;
  readonly metrics: Metrics;
  readonly tracing: Tracing | null;
}

export interface OpenSinks {
  readonly services: SinkServices;
  /** Begins to run sinks, in the formats of the dialects as well. */
  begin(): void;
  addEncoders(encoders: readonly Encoder[]): void;
}

/** What runs durable consumers, and the sinks that are such: before the dialects, which declare sinks. */
export async function openSinks(
  config: Config,
  { access, context, store, link, metrics, tracing }: SinkParts,
  parts: Parts,
): Promise<OpenSinks> {
  const { log, openFeed, intake, journal, now } = context;
  const { maxFilterDepth } = config;
  const key = await secretKeyOf(config);
  const secrets = new SecretKeeper(key === null ? null : new SecretBox(key));
  const encoders = new Map(ownEncoders.map((each) => [each.format, each]));
  const [publicUrl] = config.publicUrls;
  const consents = new Consents({
    table: store.sinkConsents,
    origin: publicUrl === undefined ? hostname() : new URL(publicUrl).hostname,
    publicUrl: publicUrl ?? null,
  });
  const targets = {
    consents,
    log,
    network: new NetworkPolicy(config.sinks.networks),
    nats: link,
    kafkaBrokers: config.sinks.kafkaBrokers,
    amqpUrl: config.sinks.amqpUrl,
    journalPrefix: (config.nats?.stream.name ?? 'TIDINGS').toLowerCase(),
  };
  const definitions = { encoders, maxFilterDepth, secrets, targets };
  const declared = new DeclaredSinks({ ...definitions, store, journal, log, now });
  const definitionOf = definitionsOf(declared, definitions);
  const { sinks: table, failedDeliveries, consumers: cursors } = store;
  const owners = new SinkOwners(access);
  const states = parts.add(new SinkStates({ table, intake, log, now }));
  const supervisor = parts.add(new ConsumerSupervisor({ cursors, openFeed, log }));
  const runner = parts.add(
    new SinkRunner({
      store,
      table,
      failedDeliveries,
      supervisor,
      definitionOf,
      declared,
      states,
      owners,
      log,
      maxFilterDepth,
      tracing,
    }),
  );
  const shared = { store, journal, runner, owners, targets, now };
  const management = new Sinks({ ...shared, secrets, declared, states, encoders, maxFilterDepth });
  const views = new SinkViews({
    ...shared,
    definitionOf,
    sinks: management,
    supervisor,
    limits: config.intake,
  });
  registerSinkMetrics(metrics, supervisor, runner);
  return {
    services: { management, views, failedDeliveries, declared, consents },
    begin: () => runner.begin(),
    addEncoders(added) {
      for (const each of added) encoders.set(each.format, each);
    },
  };
}

function registerSinkMetrics(
  { gauge, counter }: Metrics,
  supervisor: ConsumerSupervisor,
  runner: SinkRunner,
): void {
  gauge({
    name: 'tidings_consumers_held',
    help: 'Durable consumers that this gateway runs.',
    read: () => supervisor.heldCount,
  });
  gauge({
    name: 'tidings_sinks_running',
    help: 'Sinks that are to run, in all gateways together.',
    read: () => runner.runningCount,
  });
  counter({
    name: 'tidings_sinks_delivered_total',
    help: 'Events that sinks of this gateway have delivered, repeats included.',
    read: () => runner.counter.delivered,
  });
  counter({
    name: 'tidings_sinks_failed_total',
    help: 'Failed deliveries that sinks of this gateway have kept.',
    read: () => runner.counter.failed,
  });
  counter({
    name: 'tidings_sinks_gaps_total',
    help: 'Times that retention had deleted events before a sink of this gateway could deliver them.',
    read: () => runner.counter.gaps,
  });
}
