import type { Config } from './config.ts';
import { CeilometerAmqpSource } from './intake/dialects/ceilometer/amqp-source.ts';
import type { Ceilometer } from './intake/dialects/ceilometer/ceilometer.ts';
import { createCeilometerDialect } from './intake/dialects/ceilometer/http.ts';
import { MayastorSource } from './intake/dialects/mayastor/source.ts';
import { createNomadDialect } from './intake/dialects/nomad/dialect.ts';
import { NomadSource } from './intake/dialects/nomad/source.ts';
import { openSkyWalkingGrpc } from './intake/dialects/skywalking/grpc.ts';
import { createSkyWalkingDialect } from './intake/dialects/skywalking/http.ts';
import { SkyWalkingKafkaSource } from './intake/dialects/skywalking/kafka-source.ts';
import { createVampDialect } from './intake/dialects/vamp/dialect.ts';
import type { Doors, HttpDialect } from './intake/doors.ts';
import type { NatsLink } from './journal/nats-connection.ts';
import type { Metrics } from './metrics.ts';
import type { HttpDialectName } from './options.ts';
import type { Parts } from './parts.ts';

/** Messages of a source that are reported in one call, where the limits allow as many. */
const mostMessages = 500;

const messagesAtOnce = ({ intake }: Config): number => Math.min(mostMessages, intake.events);

/** The HTTP interfaces of other systems that are on. */
export function createHttpDialects(
  config: Config,
  doors: Doors,
  ceilometer: Ceilometer,
): readonly HttpDialect[] {
  const { maxBodyBytes } = config.http;
  const dialects: Record<HttpDialectName, () => HttpDialect> = {
    vamp: () => createVampDialect(doors, { ...config.vamp, maxBodyBytes }),
    nomad: () => createNomadDialect(doors),
    ceilometer: () => createCeilometerDialect(doors, ceilometer, { maxBodyBytes }),
    skywalking: () =>
      createSkyWalkingDialect(doors, { messagesAtOnce: messagesAtOnce(config), maxBodyBytes }),
  };
  return config.dialects.map((name) => dialects[name]());
}

/** What else brings events in, each switched on by a variable of its own. */
export async function openSources(
  config: Config,
  { doors, ceilometer, link, metrics }: Sources,
  parts: Parts,
): Promise<void> {
  const { nomad } = config;
  const { amqp } = config.ceilometer;
  if (link !== null) openMayastor(config, { doors, link, metrics }, parts);
  if (nomad !== null) {
    const settings = { ...nomad, messagesAtOnce: messagesAtOnce(config) };
    const source = parts.add(new NomadSource(doors, settings));
    metrics.count({
      name: 'tidings_nomad_skipped_total',
      help: "Events of Nomad's stream that could not be taken.",
      read: () => source.skipped,
    });
  }
  if (amqp !== null) {
    const settings = { ...amqp, messagesAtOnce: messagesAtOnce(config) };
    const source = parts.add(new CeilometerAmqpSource(doors, ceilometer, settings));
    metrics.count({
      name: 'tidings_ceilometer_skipped_total',
      help: 'Notifications from RabbitMQ that could not become events.',
      read: () => source.skipped,
    });
  }
  await openSkyWalking(config, { doors, metrics }, parts);
}

interface Sources {
  readonly doors: Doors;
  readonly ceilometer: Ceilometer;
  readonly link: NatsLink | null;
  readonly metrics: Metrics;
}

async function openSkyWalking(
  config: Config,
  { doors, metrics }: Pick<Sources, 'doors' | 'metrics'>,
  parts: Parts,
): Promise<void> {
  const { grpc, kafka } = config.skyWalking;
  const atOnce = { messagesAtOnce: messagesAtOnce(config) };
  if (kafka !== null) {
    const source = parts.add(new SkyWalkingKafkaSource(doors, { ...kafka, ...atOnce }));
    metrics.count({
      name: 'tidings_skywalking_kafka_skipped_total',
      help: 'Messages of the Kafka topic that could not become events.',
      read: () => source.skipped,
    });
  }
  if (grpc !== null) {
    const port = parts.add(await openSkyWalkingGrpc(doors, { ...grpc, ...atOnce }));
    metrics.count({
      name: 'tidings_skywalking_grpc_skipped_total',
      help: 'Messages that came by gRPC and could not become events.',
      read: () => port.skipped,
    });
  }
}

function openMayastor(
  config: Config,
  { doors, link, metrics }: Pick<Sources, 'doors' | 'metrics'> & { readonly link: NatsLink },
  parts: Parts,
): void {
  if (config.mayastor === null) return;
  const options = { ...config.mayastor, messagesAtOnce: messagesAtOnce(config) };
  const source = parts.add(new MayastorSource(options, link, doors.intake, doors.log));
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
