import { InputError } from '../event/input-error.ts';
import type { NatsLink } from '../nats/connection.ts';
import type { Log } from '../telemetry/log.ts';
import type { Consents } from './consents.ts';
import { lazyTarget } from './lazy-target.ts';
import { ForbiddenAddress, type NetworkPolicy } from './network-policy.ts';
import { type SinkSecrets, signingKeys } from './secrets.ts';
import type { Target } from './target.ts';
import type { TargetSpec } from './target-spec.ts';
import { FileTarget } from './targets/file.ts';
import { NatsTarget } from './targets/nats.ts';
import { WebhookTarget } from './targets/webhook.ts';

export interface TargetOptions {
  readonly network: NetworkPolicy;
  /** Null where the gateway has no NATS. */
  readonly nats: NatsLink | null;
  /** The first token of the journal's own subjects, which nobody else publishes to. */
  readonly journalPrefix: string;
  /** host:port of each broker; null where the operator names none. */
  readonly kafkaBrokers: readonly string[] | null;
  /** Null where the operator names no broker. */
  readonly amqpUrl: string | null;
  readonly consents: Consents;
  readonly log: Log;
}

/** A target that is to be opened. */
interface OpenedTarget {
  /** Null for a sink that is not saved. */
  readonly sinkId: string | null;
  readonly spec: TargetSpec;
  readonly secrets: SinkSecrets;
}

/** Checks that this gateway can open a target. @throws InputError where it cannot */
export function checkTarget(
  spec: TargetSpec,
  { network, nats, journalPrefix, kafkaBrokers, amqpUrl }: TargetOptions,
  path: readonly string[],
): void {
  const fault = (at: readonly string[], reason: string) => new InputError([...path, ...at], reason);
  if (spec.kind === 'KAFKA' && kafkaBrokers === null) {
    throw fault(['kafka'], 'Set SINK_KAFKA_BROKERS for such a target.');
  }
  if (spec.kind === 'AMQP' && amqpUrl === null) {
    throw fault(['amqp'], 'Set SINK_AMQP_URL for such a target.');
  }
  if (spec.kind === 'WEBHOOK' && !network.allowsHost(new URL(spec.url).hostname)) {
    throw fault(['webhook', 'url'], new ForbiddenAddress(new URL(spec.url).hostname).message);
  }
  if (spec.kind !== 'NATS') return;
  if (nats === null) throw fault(['nats'], 'Set NATS_URL for such a target.');
  if (spec.subject.split('.')[0] === journalPrefix) {
    throw fault(
      ['nats', 'subject'],
      `Subjects that begin with ${journalPrefix}. are the journal's own.`,
    );
  }
}

/** @throws InputError where the gateway cannot open it */
export function openTarget(
  { sinkId, spec, secrets }: OpenedTarget,
  options: TargetOptions,
): Target {
  checkTarget(spec, options, ['target']);
  const { network, nats, kafkaBrokers, amqpUrl, consents, log } = options;
  if (spec.kind === 'WEBHOOK') {
    const { url, timeoutMs } = spec;
    const consent = spec.handshake ? consents.of(sinkId, url) : null;
    const keys = () => signingKeys(secrets);
    return new WebhookTarget({ url, headers: secrets.headers, keys, timeoutMs, network, consent });
  }
  if (spec.kind === 'FILE') return new FileTarget(spec);
  if (spec.kind === 'NATS' && nats !== null) return new NatsTarget(nats, spec.subjectOf);
  if (spec.kind === 'KAFKA' && kafkaBrokers !== null) {
    return lazyTarget(async () => {
      // kafkajs takes 12 MB of a gateway that does not use it.
      const { KafkaTarget } = await import('./targets/kafka.ts');
      return new KafkaTarget(kafkaBrokers, spec.topic, log);
    });
  }
  if (spec.kind === 'AMQP' && amqpUrl !== null) {
    return lazyTarget(async () => {
      // amqplib takes 6 MB of a gateway that does not use it.
      const { AmqpTarget } = await import('./targets/amqp.ts');
      return new AmqpTarget(amqpUrl, spec.exchange, spec.routingKey);
    });
  }
  throw new Error(`no target ${spec.kind}`);
}
