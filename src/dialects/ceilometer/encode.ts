import { hostname } from 'node:os';
import { v5 } from 'uuid';
import type { Event, Instant, Trait } from '../../event/event.ts';
import type { EncodedMessage, Encoder } from '../../sinks/encoder.ts';
import { messageSignature } from './pipeline/signature.ts';
import { isoText } from './python/date-time.ts';
import { dumps } from './python/dump.ts';
import { repr } from './python/text.ts';
import { type Dict, float, isDict, type Value } from './python/value.ts';

/** Ceilometer's numbers for the types of traits. */
const traitTypes = { TEXT: 1, INT: 2, FLOAT: 3, DATETIME: 4 } as const;

/**
 * An event as Ceilometer's Event.serialize() gives it: traits as [name, type, value], times in UTC without a zone. The
 * raw message is there for Ceilometer's own events, where it was kept.
 */
const serialized = (event: Event) => ({
  message_id: event.id,
  event_type: event.type,
  generated: timeText(event.time),
  traits: event.traits.map(serializedTrait),
  raw: rawOf(event),
});

function rawOf({ dialect, raw }: Event): Dict {
  const value = raw as Value;
  return dialect === 'CEILOMETER' && isDict(value) ? value : {};
}

const serializedTrait = (trait: Trait): Value => [
  trait.name,
  traitTypes[trait.type],
  traitValue(trait),
];

function traitValue({ type, value }: Trait): Value {
  if (type === 'DATETIME') return timeText(value);
  return type === 'FLOAT' ? float(value) : value;
}

function timeText(instant: number): string {
  const seconds = Math.floor(instant / 1e6);
  return isoText({ seconds, microseconds: instant - seconds * 1e6 });
}

/** For sinks: the body that Ceilometer's HTTP publisher posts. */
export const ceilometerEncoder: Encoder = {
  format: 'CEILOMETER',
  maxBatch: 1_000,
  encode: (events) => ({
    contentType: 'application/json',
    headers: {},
    body: dumps(events.map(serialized)),
  }),
};

const encoderOf = (encode: (event: Event) => string | null): Encoder => ({
  format: 'CEILOMETER',
  maxBatch: 1,
  encode([event]): EncodedMessage | null {
    const body = event === undefined ? null : encode(event);
    return body === null ? null : { contentType: 'application/json', headers: {}, body };
  },
});

/** The bodies of an HTTP publisher: an event each. */
export const httpEncoder = (options: {
  /** Whether a body is an array. */
  readonly batch: boolean;
  /** Whether only the notification's payload is sent; nothing where the notification was not kept. */
  readonly rawOnly: boolean;
}): Encoder =>
  encoderOf((event) => {
    const whole = serialized(event);
    const sent = options.rawOnly ? (rawOf(event).payload ?? null) : whole;
    if (sent === null) return null;
    return dumps(options.batch ? [sent] : sent);
  });

/** The lines of a file publisher: Python's text of Event.as_dict(), or JSON. */
export const fileEncoder = (json: boolean): Encoder =>
  encoderOf((event) => (json ? dumps(asDict(event, dateText)) : reprWithDates(event)));

/** Event.as_dict(), with times as strings. */
const asDict = (event: Event, textOf: (instant: Instant) => string) => ({
  message_id: event.id,
  event_type: event.type,
  generated: textOf(event.time),
  traits: event.traits.map((trait) => ({
    name: trait.name,
    dtype: traitTypes[trait.type],
    value: trait.type === 'DATETIME' ? textOf(trait.value) : traitValue(trait),
  })),
  raw: rawOf(event),
});

/** Python's str() of a datetime without a zone. */
const dateText = (instant: Instant): string => timeText(instant).replace('T', ' ');

/** Python's text of the dict, in which a datetime is no string. */
function reprWithDates(event: Event): string {
  const mark = `${event.id}:`;
  const marked = repr(asDict(event, (instant) => `${mark}${instant}`));
  return marked.replace(new RegExp(`'${mark}(-?\\d+)'`, 'g'), (_, instant) =>
    dateRepr(Number(instant)),
  );
}

/** Python's repr() of a datetime: seconds and microseconds only where they are not 0. */
function dateRepr(instant: Instant): string {
  const date = new Date(Math.floor(instant / 1e3));
  const microseconds = ((instant % 1e6) + 1e6) % 1e6;
  const fields = [
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
  ];
  const seconds = date.getUTCSeconds();
  if (seconds !== 0 || microseconds !== 0) fields.push(seconds);
  if (microseconds !== 0) fields.push(microseconds);
  return `datetime.datetime(${fields.join(', ')})`;
}

/** Makes the ids of messages, so that they stay the same over retries. */
const messageSpace = '0b6b3f0e-93d5-5b0c-9c1f-5d8a7a4f2c11';

/** The messages of a notifier publisher: a notification of oslo.messaging with one signed event. */
export const notifierEncoder = (secret: string): Encoder =>
  encoderOf((event) => {
    const payload: Dict = { ...serialized(event) };
    payload.message_signature = messageSignature(payload, secret);
    const inner: Dict = {
      message_id: v5(`${event.id}:${event.index}`, messageSpace),
      publisher_id: `telemetry.publisher.${hostname()}`,
      event_type: 'event',
      priority: 'SAMPLE',
      payload: [payload],
      timestamp: dateText(event.recordedAt),
      _unique_id: v5(`unique:${event.id}:${event.index}`, messageSpace).replaceAll('-', ''),
    };
    return dumps({ 'oslo.version': '2.0', 'oslo.message': dumps(inner) });
  });
