import type { Event } from '../../event/event.ts';
import { formatInstant } from '../../event/instant.ts';
import { stringifyJson } from '../../event/json.ts';
import type { EncodedMessage, Encoder } from '../../sinks/encoder.ts';
import { eventData } from '../../sinks/event-data.ts';
import { attributeText } from './cloud-event.ts';
import { encodeHeaderValue } from './header-value.ts';

/** Digits of `sequence`, which is compared as a string. */
const sequenceDigits = 16;

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** In the order in which a person reads them. */
function attributesOf(event: Event): Attributes {
  const failed = event.severity === 'ERROR';
  return {
    specversion: '1.0',
    // The report of a start and the one of its end are two CloudEvents, which receivers must not take for repeats.
    id: `${event.id}:${event.index}`,
    source: sourceOf(event),
    type: attributeText(event.type),
    subject: event.key === null ? undefined : attributeText(event.key),
    time: formatInstant(event.time),
    datacontenttype: 'application/json',
    sequence: String(event.index).padStart(sequenceDigits, '0'),
    recordedtime: formatInstant(event.recordedAt),
    partitionkey: attributeText(event.key ?? event.id),
    severitytext: event.severity,
    severitynumber: failed ? 17 : 9,
    tidingsid: event.id,
    tidingsend: event.endTime === null ? undefined : formatInstant(event.endTime),
  };
}

/** /tidings/<namespace>, with the service and its instance where they are known. */
function sourceOf({ namespace, source: { service, instance } }: Event): string {
  const segments = [namespace, service ?? '', instance ?? ''].map(encodeURIComponent);
  return `/tidings/${segments.join('/')}`.replace(/\/+$/, '');
}

/** An event in the JSON format, in one line. */
export const structuredText = (event: Event): string =>
  stringifyJson({ ...attributesOf(event), data: eventData(event) });

/** The formats in which sinks send CloudEvents. */
export const encoders: readonly Encoder[] = [
  {
    format: 'CLOUDEVENTS_BINARY',
    maxBatch: 1,
    encode: ([event]) =>
      event === undefined ? null : binaryMessage(attributesOf(event), eventData(event)),
    encodeGap: (from, to) => binaryMessage(gapAttributes(from, to), { from, to }),
  },
  {
    format: 'CLOUDEVENTS_STRUCTURED',
    maxBatch: 1,
    encode: ([event]) =>
      event === undefined ? null : structuredMessage('cloudevents', structuredText(event)),
    encodeGap: (from, to) => structuredMessage('cloudevents', gapText(from, to)),
  },
  {
    format: 'CLOUDEVENTS_BATCH',
    maxBatch: 100,
    encode: (events) =>
      structuredMessage('cloudevents-batch', `[${events.map(structuredText).join()}]`),
    encodeGap: (from, to) => structuredMessage('cloudevents-batch', `[${gapText(from, to)}]`),
  },
];

function binaryMessage(
  { datacontenttype, ...attributes }: Attributes,
  data: object,
): EncodedMessage {
  const headers = Object.entries(attributes).flatMap(([name, value]) =>
    value === undefined ? [] : [[`ce-${name}`, encodeHeaderValue(String(value))]],
  );
  return {
    contentType: String(datacontenttype),
    headers: Object.fromEntries(headers),
    body: stringifyJson(data),
  };
}

const structuredMessage = (type: string, body: string): EncodedMessage => ({
  contentType: `application/${type}+json; charset=utf-8`,
  headers: {},
  body,
});

/** Events after one index and up to another were deleted before they could be sent. */
const gapAttributes = (from: number, to: number): Attributes => ({
  specversion: '1.0',
  id: `gap:${from}-${to}`,
  source: '/tidings',
  type: 'Tidings.Gap',
  datacontenttype: 'application/json',
});

const gapText = (from: number, to: number): string =>
  stringifyJson({ ...gapAttributes(from, to), data: { from, to } });
