import type {
  HeaderInput,
  SinkDelivery,
  SinkFormat,
  SinkInput,
  SinkOrder,
  SinkStart,
  SinkTargetInput,
} from '../client/schema.generated.ts';
import { filterText, readFilterText } from './filter.ts';

export type TargetKind = keyof SinkTargetInput;

/** A sink as it is typed. */
export interface SinkDraft {
  readonly name: string;
  readonly namespace: string;
  readonly description: string;
  readonly filter: string;
  readonly kind: TargetKind;
  readonly url: string;
  /** Names of headers whose values the gateway has: kept as long as no others are written. */
  readonly keptHeaders: readonly string[];
  readonly replacesHeaders: boolean;
  /** A line each: `X-Key: value`. */
  readonly headers: string;
  readonly signed: boolean;
  readonly secret: string;
  readonly timeout: string;
  readonly handshake: boolean;
  readonly subject: string;
  readonly topic: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly path: string;
  readonly maxBytes: string;
  readonly keep: string;
  readonly format: SinkFormat;
  readonly template: string;
  readonly delivers: SinkDelivery;
  readonly order: SinkOrder;
  readonly parallel: string;
  readonly batch: string;
  readonly disableAfter: string;
  /** `now`, `beginning`, or a time such as now-1h; of a new sink alone. */
  readonly start: string;
}

export const newSink: SinkDraft = {
  name: '',
  namespace: 'default',
  description: '',
  filter: '',
  kind: 'webhook',
  url: '',
  keptHeaders: [],
  replacesHeaders: true,
  headers: '',
  signed: true,
  secret: '',
  timeout: '15s',
  handshake: false,
  subject: '',
  topic: '',
  exchange: '',
  routingKey: '',
  path: '',
  maxBytes: '',
  keep: '',
  format: 'STANDARD',
  template: '',
  delivers: 'EVERY_CHANGE',
  order: 'KEY',
  parallel: '4',
  batch: '1',
  disableAfter: '5d',
  start: 'now',
};

/** A field that cannot be read, as a sentence that says what to write. */
class SinkDraftError extends Error {
  override readonly name = 'SinkDraftError';
}

/**
 * @param isNew whether it says where the sink begins
 * @throws FilterTextError, SinkDraftError
 */
export function sinkInputOf(draft: SinkDraft, isNew: boolean): SinkInput {
  const { format, delivers, order, description, filter, template } = draft;
  return {
    name: draft.name.trim(),
    namespace: draft.namespace.trim() || 'default',
    ...(description.trim() !== '' && { description: description.trim() }),
    ...(filter.trim() !== '' && { filter: readFilterText(filter) }),
    ...(isNew && { start: startOf(draft.start) }),
    target: targetOf(draft),
    format,
    ...(format === 'TEMPLATE' && { template }),
    delivers,
    order,
    parallel: wholeOf('Requests at a time', draft.parallel),
    batch: wholeOf('Events in a message', draft.batch),
    disableAfter: draft.disableAfter.trim(),
  };
}

function startOf(start: string): SinkStart {
  if (start === 'now') return { at: 'NOW' };
  return start === 'beginning' ? { at: 'BEGINNING' } : { time: start };
}

function targetOf(draft: SinkDraft): SinkTargetInput {
  const { kind, subject, topic, exchange, routingKey } = draft;
  switch (kind) {
    case 'nats':
      return { nats: { subject: subject.trim() } };
    case 'kafka':
      return { kafka: { topic: topic.trim() } };
    case 'amqp':
      return { amqp: { exchange: exchange.trim(), routingKey: routingKey.trim() } };
    case 'file':
      return {
        file: {
          path: draft.path.trim(),
          ...(draft.maxBytes.trim() !== '' && { maxBytes: wholeOf('Bytes', draft.maxBytes) }),
          ...(draft.keep.trim() !== '' && { keep: wholeOf('Files kept', draft.keep) }),
        },
      };
    default:
      return { webhook: webhookOf(draft) };
  }
}

function webhookOf(draft: SinkDraft): NonNullable<SinkTargetInput['webhook']> {
  const { signed, secret, handshake, replacesHeaders } = draft;
  return {
    url: draft.url.trim(),
    ...(replacesHeaders && { headers: headersOf(draft.headers) }),
    signed,
    ...(signed && secret.trim() !== '' && { secret: secret.trim() }),
    timeout: draft.timeout.trim(),
    handshake,
  };
}

function headersOf(text: string): HeaderInput[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.indexOf(':');
      const name = line.slice(0, Math.max(0, colon)).trim();
      if (name !== '') return { name, value: line.slice(colon + 1).trim() };
      throw new SinkDraftError(`Headers: write Name: value, not "${line}".`);
    });
}

function wholeOf(label: string, text: string): number {
  const number = Number(text.trim());
  if (text.trim() !== '' && Number.isSafeInteger(number)) return number;
  throw new SinkDraftError(`${label}: "${text}" is not a whole number.`);
}

/** A sink of the gateway, to be changed. @param definition in the form of SinkInput, without secrets */
export function draftOfSink(definition: SinkInput): SinkDraft {
  const { name, namespace, description, filter, target, template } = definition;
  return {
    ...newSink,
    name,
    namespace: namespace ?? newSink.namespace,
    description: description ?? '',
    filter: filter == null ? '' : filterText(filter),
    ...draftOfTarget(target),
    format: definition.format ?? newSink.format,
    template: template ?? '',
    delivers: definition.delivers ?? newSink.delivers,
    order: definition.order ?? newSink.order,
    parallel: String(definition.parallel ?? newSink.parallel),
    batch: String(definition.batch ?? newSink.batch),
    disableAfter: definition.disableAfter ?? newSink.disableAfter,
  };
}

function draftOfTarget({ webhook, nats, kafka, amqp, file }: SinkTargetInput): Partial<SinkDraft> {
  if (nats != null) return { kind: 'nats', subject: nats.subject };
  if (kafka != null) return { kind: 'kafka', topic: kafka.topic };
  if (amqp != null) return { kind: 'amqp', ...amqp };
  if (file != null) {
    const { path, maxBytes, keep } = file;
    return { kind: 'file', path, maxBytes: String(maxBytes ?? ''), keep: String(keep ?? '') };
  }
  if (webhook == null) return {};
  const keptHeaders = (webhook.headers ?? []).map(({ name }) => name);
  return {
    kind: 'webhook',
    url: webhook.url,
    keptHeaders,
    replacesHeaders: keptHeaders.length === 0,
    signed: webhook.signed ?? true,
    timeout: webhook.timeout ?? newSink.timeout,
    handshake: webhook.handshake ?? false,
  };
}
