import type { Access } from '../access/access.ts';
import type { Config } from '../config/config.ts';
import { ConsumerSupervisor } from '../consumers/supervisor.ts';
import type { DialectContext } from '../dialects/dialect.ts';
import type { SinkServices } from '../graphql/context.ts';
import type { NatsLink } from '../nats/connection.ts';
import type { Encoder } from '../sinks/encoder.ts';
import { ownEncoders } from '../sinks/formats/own-encoders.ts';
import { NetworkPolicy } from '../sinks/network-policy.ts';
import { SinkOwners } from '../sinks/owners.ts';
import { SinkRunner } from '../sinks/runner.ts';
import { SecretBox } from '../sinks/secret-box.ts';
import { SecretKeeper } from '../sinks/secrets.ts';
import { Sinks } from '../sinks/sinks.ts';
import { parseSpec, type SinkInput } from '../sinks/spec.ts';
import { SinkStates } from '../sinks/states.ts';
import { SinkViews } from '../sinks/views.ts';
import type { OpenStore } from '../store/open.ts';
import type { SinkRow } from '../store/sinks/sink-table.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Parts } from './parts.ts';
import { secretKeyOf } from './secret-key.ts';

interface SinkParts {
  readonly access: Access;
  readonly context: DialectContext;
  readonly store: OpenStore;
  readonly link: NatsLink | null;
  /** Of the dialects. */
  readonly encoders: readonly Encoder[];
  readonly metrics: Metrics;
}

/** What runs durable consumers, and the sinks that are such. */
export async function openSinks(
  config: Config,
  { access, context, store, link, encoders: foreign, metrics }: SinkParts,
  parts: Parts,
): Promise<SinkServices> {
  const { log, openFeed, intake, journal, now } = context;
  const { maxFilterDepth } = config;
  const key = await secretKeyOf(config);
  const secrets = new SecretKeeper(key === null ? null : new SecretBox(key));
  const encoders = new Map([...ownEncoders, ...foreign].map((each) => [each.format, each]));
  const targets = {
    network: new NetworkPolicy(config.sinks.networks),
    nats: link,
    journalPrefix: (config.nats?.stream.name ?? 'TIDINGS').toLowerCase(),
  };
  const specOf = ({ id, spec, createdAt }: SinkRow) =>
    parseSpec(spec as unknown as SinkInput, {
      id,
      encoders,
      maxFilterDepth,
      now: createdAt,
      path: [],
    });
  const { sinks: table, failedDeliveries, consumers: cursors } = store;
  const owners = new SinkOwners(access);
  const states = parts.add(new SinkStates({ table, intake, log, now }));
  const supervisor = parts.add(new ConsumerSupervisor({ cursors, openFeed, log }));
  const runner = parts.add(
    new SinkRunner({
      table,
      failedDeliveries,
      supervisor,
      specOf,
      secrets,
      targets,
      states,
      owners,
      log,
      maxFilterDepth,
    }),
  );
  const shared = { store, journal, runner, owners, secrets, targets, specOf, now };
  const management = new Sinks({ ...shared, states, encoders, maxFilterDepth });
  const views = new SinkViews({
    ...shared,
    sinks: management,
    supervisor,
    limits: config.intake,
  });
  registerSinkMetrics(metrics, supervisor, runner);
  return { management, views, failedDeliveries };
}

function registerSinkMetrics(
  { gauge, count }: Metrics,
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
  count({
    name: 'tidings_sinks_delivered_total',
    help: 'Events that sinks of this gateway have delivered, repeats included.',
    read: () => runner.counter.delivered,
  });
  count({
    name: 'tidings_sinks_failed_total',
    help: 'Failed deliveries that sinks of this gateway have kept.',
    read: () => runner.counter.failed,
  });
}
