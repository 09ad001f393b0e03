import type { Config } from '../config/config.ts';
import type { HttpDialectName } from '../config/variables.ts';
import type { Ceilometer } from '../dialects/ceilometer/ceilometer.ts';
import { createCeilometerDialect } from '../dialects/ceilometer/dialect.ts';
import { CeilometerAmqpSource } from '../dialects/ceilometer/source.ts';
import type { DialectContext, HttpDialect } from '../dialects/dialect.ts';
import { MayastorSource } from '../dialects/mayastor/source.ts';
import { createNomadDialect } from '../dialects/nomad/dialect.ts';
import { NomadSource } from '../dialects/nomad/source.ts';
import { createSkyWalkingDialect } from '../dialects/skywalking/dialect.ts';
import { openSkyWalkingGrpc } from '../dialects/skywalking/grpc.ts';
import { SkyWalkingKafkaSource } from '../dialects/skywalking/source.ts';
import { createVampDialect } from '../dialects/vamp/dialect.ts';
import type { NatsLink } from '../nats/connection.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Parts } from './parts.ts';

/** Messages of a source that are reported in one call, where the limits allow as many. */
const mostMessages = 500;

const messagesAtOnce = ({ intake }: Config): number => Math.min(mostMessages, intake.events);

/** The HTTP interfaces of other systems that are on. */
export function createHttpDialects(
  config: Config,
  context: DialectContext,
  ceilometer: Ceilometer,
): readonly HttpDialect[] {
  const { maxBodyBytes } = config.http;
  const dialects: Record<HttpDialectName, () => HttpDialect> = {
    vamp: () => createVampDialect(context, { ...config.vamp, maxBodyBytes }),
    nomad: () => createNomadDialect(context),
    ceilometer: () => createCeilometerDialect(context, ceilometer, { maxBodyBytes }),
    skywalking: () =>
      createSkyWalkingDialect(context, { messagesAtOnce: messagesAtOnce(config), maxBodyBytes }),
  };
  return config.dialects.map((name) => dialects[name]());
}

/** What else brings events in, each switched on by a variable of its own. */
export async function openSources(
  config: Config,
  { context, ceilometer, link, metrics }: Sources,
  parts: Parts,
): Promise<void> {
  const { nomad } = config;
  const { amqp } = config.ceilometer;
  if (link !== null) openMayastor(config, { context, link, metrics }, parts);
  if (nomad !== null) {
    const settings = { ...nomad, messagesAtOnce: messagesAtOnce(config) };
    const source = parts.add(new NomadSource(context, settings));
    metrics.count({
      name: 'tidings_nomad_skipped_total',
      help: "Events of Nomad's stream that could not be taken.",
      read: () => source.skipped,
    });
  }
  if (amqp !== null) {
    const settings = { ...amqp, messagesAtOnce: messagesAtOnce(config) };
    const source = parts.add(new CeilometerAmqpSource(context, ceilometer, settings));
    metrics.count({
      name: 'tidings_ceilometer_skipped_total',
      help: 'Notifications from RabbitMQ that could not become events.',
      read: () => source.skipped,
    });
  }
  await openSkyWalking(config, { context, metrics }, parts);
}

interface Sources {
  readonly context: DialectContext;
  readonly ceilometer: Ceilometer;
  readonly link: NatsLink | null;
  readonly metrics: Metrics;
}

async function openSkyWalking(
  config: Config,
  { context, metrics }: Pick<Sources, 'context' | 'metrics'>,
  parts: Parts,
): Promise<void> {
  const { grpc, kafka } = config.skyWalking;
  const atOnce = { messagesAtOnce: messagesAtOnce(config) };
  if (kafka !== null) {
    const source = parts.add(new SkyWalkingKafkaSource(context, { ...kafka, ...atOnce }));
    metrics.count({
      name: 'tidings_skywalking_kafka_skipped_total',
      help: 'Messages of the Kafka topic that could not become events.',
      read: () => source.skipped,
    });
  }
  if (grpc !== null) {
    const port = parts.add(await openSkyWalkingGrpc(context, { ...grpc, ...atOnce }));
    metrics.count({
      name: 'tidings_skywalking_grpc_skipped_total',
      help: 'Messages that came by gRPC and could not become events.',
      read: () => port.skipped,
    });
  }
}

function openMayastor(
  config: Config,
  { context, link, metrics }: Pick<Sources, 'context' | 'metrics'> & { readonly link: NatsLink },
  parts: Parts,
): void {
  if (config.mayastor === null) return;
  const options = { ...config.mayastor, messagesAtOnce: messagesAtOnce(config) };
  const source = parts.add(new MayastorSource(options, link, context.intake, context.log));
  metrics.count({
    name: 'tidings_mayastor_received_total',
    help: "Messages taken from Mayastor's stream, repeats included.",
    read: () => source.received,
  });
  metrics.count({
    name: 'tidings_mayastor_skipped_total',
    help: 'Messages of that stream that could not become events.',
    read: () => source.malformed + source.rejected,
  });
}
