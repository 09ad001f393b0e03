import type { TargetInput } from '../sinks/target-spec.ts';
import { builder } from './builder.ts';

/** A target as it was given: the member that is there says which it is. */
type Given<Kind extends keyof TargetInput> = {
  readonly [Member in Kind]: NonNullable<TargetInput[Kind]>;
};

/** Exactly one member is given. */
export type GivenTarget = { [Kind in keyof TargetInput]-?: Given<Kind> }[keyof TargetInput];

const WebhookTargetRef = builder.objectRef<Given<'webhook'>>('WebhookTarget').implement({
  description: 'An HTTP server to which events are posted.',
  fields: (t) => ({
    url: t.string({ description: 'As it was given.', resolve: ({ webhook }) => webhook.url }),
    headerNames: t.stringList({
      description: 'Names alone: values may be secrets.',
      resolve: ({ webhook }) => (webhook.headers ?? []).map(({ name }) => name),
    }),
    signed: t.boolean({
      description: 'Whether requests are signed by Standard Webhooks 1.0.',
      resolve: ({ webhook }) => webhook.signed,
    }),
    timeout: t.field({
      type: 'Duration',
      description: 'For the whole exchange.',
      resolve: ({ webhook }) => webhook.timeout,
    }),
  }),
});

const NatsTargetRef = builder.objectRef<Given<'nats'>>('NatsTarget').implement({
  description: 'A subject of NATS.',
  fields: (t) => ({
    subject: t.string({ description: 'As it was given.', resolve: ({ nats }) => nats.subject }),
  }),
});

const KafkaTargetRef = builder.objectRef<Given<'kafka'>>('KafkaTarget').implement({
  description: 'A topic of Kafka.',
  fields: (t) => ({
    topic: t.string({ description: 'Its name.', resolve: ({ kafka }) => kafka.topic }),
  }),
});

const AmqpTargetRef = builder.objectRef<Given<'amqp'>>('AmqpTarget').implement({
  description: 'An exchange of RabbitMQ.',
  fields: (t) => ({
    exchange: t.string({ description: 'Its name.', resolve: ({ amqp }) => amqp.exchange }),
    routingKey: t.string({
      description: 'The routing key of each message.',
      resolve: ({ amqp }) => amqp.routingKey,
    }),
  }),
});

const FileTargetRef = builder.objectRef<Given<'file'>>('FileTarget').implement({
  description: "A file on the gateway's machine.",
  fields: (t) => ({
    path: t.string({ description: 'Absolute.', resolve: ({ file }) => file.path }),
  }),
});

export const SinkTargetRef = builder.unionType('SinkTarget', {
  description: 'Where a sink delivers to.',
  types: [WebhookTargetRef, NatsTargetRef, KafkaTargetRef, AmqpTargetRef, FileTargetRef],
  resolveType: (target) => {
    const { webhook, nats, kafka, amqp } = target as TargetInput;
    if (webhook != null) return WebhookTargetRef;
    if (nats != null) return NatsTargetRef;
    if (kafka != null) return KafkaTargetRef;
    return amqp == null ? FileTargetRef : AmqpTargetRef;
  },
});
