import { sinkOrders } from '../sinks/ordered-queue.ts';
import {
  type SinkFormat,
  type SinkInput,
  sinkDefaults,
  sinkDeliveries,
  sinkFormats,
} from '../sinks/spec.ts';
import { builder } from './builder.ts';
import { described } from './enums.ts';
import { EventFilterRef } from './filter.ts';

export const SinkFormatEnum = builder.enumType('SinkFormat', {
  description: 'The form in which a sink sends events.',
  values: described(sinkFormats, {
    STANDARD: '{type, timestamp, data}: the advice of Standard Webhooks; data is the event.',
    CLOUDEVENTS_BINARY: "CloudEvents: attributes as headers, the event's data as the body.",
    CLOUDEVENTS_STRUCTURED: 'CloudEvents: an envelope.',
    CLOUDEVENTS_BATCH: 'CloudEvents: an array of envelopes.',
    NOMAD: "A line of Nomad's event stream.",
    CEILOMETER: "An array of events, as Ceilometer's HTTP publisher sends it.",
    SKYWALKING_ALARM: "An array of alarm messages, as SkyWalking's webhook sends it.",
    MAYASTOR: "Mayastor's line for `get events --from-file`.",
    SLACK: 'An incoming webhook of Slack.',
    DISCORD: 'A webhook of Discord.',
    PAGERDUTY:
      "PagerDuty's Events API, version 2; the routing key is the target's header X-Routing-Key.",
    ALERTMANAGER: 'POST /api/v2/alerts of an Alertmanager.',
    OTLP_LOGS: 'An export request of OpenTelemetry logs, in JSON: POST /v1/logs of a collector.',
    VAMP_WORKFLOW:
      "The environment of a run of Vamp's workflows as JSON: VAMP_WORKFLOW_DATA is the event in base64.",
    TEMPLATE: 'Your own template.',
  } satisfies Record<SinkFormat, string>),
});

export const SinkDeliveryEnum = builder.enumType('SinkDelivery', {
  description: 'Which changes of an event are delivered.',
  values: described(sinkDeliveries, {
    EVERY_CHANGE:
      'Starts and completions, each once; a sink that is behind gets the latest state alone.',
    COMPLETED: 'Only events with an endTime: what has ended, or has no duration.',
  }),
});

export const SinkOrderEnum = builder.enumType('SinkOrder', {
  description: 'Which deliveries wait for each other.',
  values: described(sinkOrders, {
    KEY: 'In index order for each key; the id where an event has no key.',
    STRICT: 'One after another.',
    NONE: 'Not any.',
  }),
});

const SinkStartPointEnum = builder.enumType('SinkStartPoint', {
  description: 'A place in the journal.',
  values: described(['NOW', 'BEGINNING'] as const, {
    NOW: 'After everything that is recorded.',
    BEGINNING: 'Before everything that is kept.',
  }),
});

export const SinkStartRef = builder.inputType('SinkStart', {
  description: 'Where a sink begins.',
  isOneOf: true,
  fields: (t) => ({
    index: t.field({
      type: 'SafeInt',
      description: 'With the first event of this index or later.',
    }),
    time: t.field({
      type: 'TimeExpression',
      description: 'With the first event that happened at this time or later.',
    }),
    at: t.field({
      type: SinkStartPointEnum,
      description:
        'NOW (what is recorded from this moment on, which is also the default) or BEGINNING (all that is kept).',
    }),
  }),
});

const HeaderInputRef = builder.inputType('HeaderInput', {
  description: 'A header of HTTP.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Its name.' }),
    value: t.string({ required: true, description: 'Kept encrypted, and never shown again.' }),
  }),
});

const WebhookTargetInputRef = builder.inputType('WebhookTargetInput', {
  description: 'An HTTP server to which events are posted. Redirects are not followed.',
  fields: (t) => ({
    url: t.string({
      required: true,
      description: 'Private and reserved networks only where the operator allows them.',
    }),
    headers: t.field({
      type: [HeaderInputRef],
      description: 'Headers of each request; an update without them leaves them as they are.',
    }),
    signed: t.boolean({
      required: true,
      defaultValue: true,
      description: 'Signed by Standard Webhooks 1.0; a secret is made when none is given.',
    }),
    secret: t.string({
      description: '24 to 64 bytes in base64; an update without it leaves it as it is.',
    }),
    timeout: t.field({
      type: 'Duration',
      required: true,
      defaultValue: '15s',
      description: 'For the whole exchange.',
    }),
    handshake: t.boolean({
      required: true,
      defaultValue: false,
      description: "Asks the target for consent first, as CloudEvents' webhook specification says.",
    }),
  }),
});

const NatsTargetInputRef = builder.inputType('NatsTargetInput', {
  description:
    'Published to JetStream or core NATS, wherever the subject is bound; {…} as in templates, each value one token.',
  fields: (t) => ({
    subject: t.string({ required: true, description: 'tidings-out.{namespace}.{type}' }),
  }),
});

const KafkaTargetInputRef = builder.inputType('KafkaTargetInput', {
  description: 'A topic of Kafka.',
  fields: (t) => ({ topic: t.string({ required: true, description: 'Its name.' }) }),
});

const AmqpTargetInputRef = builder.inputType('AmqpTargetInput', {
  description: 'An exchange of RabbitMQ.',
  fields: (t) => ({
    exchange: t.string({ required: true, description: 'Its name.' }),
    routingKey: t.string({ required: true, description: 'The routing key of each message.' }),
  }),
});

const FileTargetInputRef = builder.inputType('FileTargetInput', {
  description: "A file on the gateway's machine, a line for each message.",
  fields: (t) => ({
    path: t.string({ required: true, description: 'Absolute.' }),
    maxBytes: t.field({
      type: 'SafeInt',
      description: 'The file is put aside before it is larger; 100 MiB when absent.',
    }),
    keep: t.int({ description: 'Files that were put aside and are kept; 5 when absent.' }),
  }),
});

const SinkTargetInputRef = builder.inputType('SinkTargetInput', {
  description: 'Where a sink delivers to.',
  isOneOf: true,
  fields: (t) => ({
    webhook: t.field({ type: WebhookTargetInputRef, description: 'An HTTP server.' }),
    nats: t.field({ type: NatsTargetInputRef, description: 'NATS, where the gateway has it.' }),
    kafka: t.field({ type: KafkaTargetInputRef, description: 'Kafka.' }),
    amqp: t.field({ type: AmqpTargetInputRef, description: 'RabbitMQ.' }),
    file: t.field({
      type: FileTargetInputRef,
      description: 'Only for operators, or in a configuration file.',
    }),
  }),
});

export const SinkInputRef = builder.inputRef<SinkInput>('SinkInput').implement({
  description: 'A sink: which events go where, and how.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Unique in its namespace.' }),
    namespace: t.string({
      required: true,
      defaultValue: 'default',
      description: 'Where the sink itself belongs, whatever events it delivers.',
    }),
    description: t.string({ description: 'For people.' }),
    filter: t.field({
      type: EventFilterRef,
      description:
        'Which events; all without it. Events of the categories Sink, Alarm and Audit only where it names them.',
    }),
    start: t.field({
      type: SinkStartRef,
      description: 'Where a new sink begins; an update leaves the cursor where it is.',
    }),
    target: t.field({ type: SinkTargetInputRef, required: true, description: 'Where to.' }),
    format: t.field({
      type: SinkFormatEnum,
      required: true,
      defaultValue: 'STANDARD',
      description: 'In which form.',
    }),
    template: t.string({
      description:
        'For format TEMPLATE: text with {type} {category} {action} {key} {namespace} {message} {id} {time} {index} {traits.NAME} {tags.GROUP} {value.PATH} {event}; {{ is a brace.',
    }),
    delivers: t.field({
      type: SinkDeliveryEnum,
      required: true,
      defaultValue: sinkDefaults.delivers,
      description: 'Which changes of an event.',
    }),
    order: t.field({
      type: SinkOrderEnum,
      required: true,
      defaultValue: sinkDefaults.order,
      description: 'Which deliveries wait for each other.',
    }),
    parallel: t.int({
      required: true,
      defaultValue: sinkDefaults.parallel,
      description: 'Requests under way at a time, 1 to 64; never two of one key.',
    }),
    batch: t.int({
      required: true,
      defaultValue: sinkDefaults.batch,
      description: 'Events in one message at most, for formats that take several.',
    }),
    disableAfter: t.field({
      type: 'Duration',
      required: true,
      defaultValue: sinkDefaults.disableAfter,
      description: 'How long a target may fail before the sink is disabled.',
    }),
  }),
});
