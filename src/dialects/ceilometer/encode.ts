import type { Event, Trait } from '../../event/event.ts';
import type { Encoder } from '../../sinks/encoder.ts';
import { isoText } from './python/date-time.ts';
import { dumps } from './python/dump.ts';
import { float, isDict, type Value } from './python/value.ts';

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
  raw: event.dialect === 'CEILOMETER' && isDict(event.raw as Value) ? (event.raw as Value) : {},
});

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
