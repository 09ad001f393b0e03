import type { Event, Instant, Json, Trait } from '../../event/event.ts';
import { formatInstant } from '../../event/instant.ts';
import type { EncodedMessage, Encoder } from '../../sinks/encoder.ts';
import { jsonMessage } from '../../sinks/formats/json-message.ts';
import { errorNumber, infoNumber, ownTraits, resourcePrefix, sourceAttributes } from './names.ts';

/** A value of OTLP, in the JSON form of its protocol buffers: integers of 64 bits are strings. */
type AnyValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly arrayValue: { readonly values: readonly AnyValue[] } }
  | { readonly kvlistValue: { readonly values: readonly Attribute[] } }
  | Readonly<Record<string, never>>;

interface Attribute {
  readonly key: string;
  readonly value: AnyValue;
}

const ownScope = 'tidings';
const ownTraitNames: readonly string[] = Object.values(ownTraits);

/**
 * Events as an export request, the reverse of decode.ts. What log records have no field for are attributes: `tidings.id`,
 * `tidings.index`, `tidings.namespace`, `tidings.key`, `tidings.tags`, `tidings.endTime`, and `tidings.value` next to a message.
 */
export const otlpLogsEncoder: Encoder = {
  format: 'OTLP_LOGS',
  maxBatch: 1_000,
  encode: (events) => requestOf(events),
  encodeGap: (from, to) =>
    requestOfLogs([
      {
        resource: [],
        scope: ownScope,
        record: {
          timeUnixNano: nanoseconds(Date.now() * 1_000),
          severityNumber: errorNumber,
          severityText: 'ERROR',
          eventName: 'tidings.gap',
          body: { stringValue: 'Events were deleted before they could be delivered.' },
          attributes: [attribute('from', from), attribute('to', to)],
        },
      },
    ]),
};

interface PlacedRecord {
  readonly resource: readonly Attribute[];
  readonly scope: string;
  readonly record: object;
}

const requestOf = (events: readonly Event[]): EncodedMessage => requestOfLogs(events.map(placed));

/** Neighbours of the same resource and scope are under one entry: the order of the events stays. */
function requestOfLogs(placed: readonly PlacedRecord[]): EncodedMessage {
  const groups: { readonly place: string; readonly records: PlacedRecord[] }[] = [];
  for (const each of placed) {
    const place = JSON.stringify([each.resource, each.scope]);
    const last = groups.at(-1);
    if (last?.place === place) last.records.push(each);
    else groups.push({ place, records: [each] });
  }
  return jsonMessage({
    resourceLogs: groups.map(({ records }) => ({
      resource: { attributes: records[0]?.resource },
      scopeLogs: [
        { scope: { name: records[0]?.scope }, logRecords: records.map(({ record }) => record) },
      ],
    })),
  });
}

function placed(event: Event): PlacedRecord {
  const { type, severity, source, message, value, traits } = event;
  const text = (name: string) => {
    const trait = traits.find((each) => each.name === name);
    return trait?.type === 'TEXT' ? trait.value : undefined;
  };
  const about = traits.filter(({ name }) => name.startsWith(resourcePrefix));
  const plain = traits.filter(
    ({ name }) => !name.startsWith(resourcePrefix) && !ownTraitNames.includes(name),
  );
  const failed = severity === 'ERROR';
  const body = message ?? value;
  return {
    resource: [
      ...given(sourceAttributes.service, source.service),
      ...given(sourceAttributes.instance, source.instance),
      ...given(sourceAttributes.node, source.node),
      ...about.map((trait) => traitOf(trait, trait.name.slice(resourcePrefix.length))),
    ],
    scope: text(ownTraits.scope) ?? ownScope,
    record: {
      timeUnixNano: nanoseconds(event.time),
      observedTimeUnixNano: nanoseconds(event.recordedAt),
      severityNumber: failed ? errorNumber : infoNumber,
      severityText: text(ownTraits.severityText) ?? (failed ? 'ERROR' : 'INFO'),
      eventName: type,
      ...(body !== null && { body: anyOf(body) }),
      attributes: [
        ...plain.map((trait) => traitOf(trait, trait.name)),
        attribute('tidings.id', event.id),
        attribute('tidings.index', event.index),
        attribute('tidings.namespace', event.namespace),
        ...given('tidings.key', event.key),
        ...given('tidings.tags', event.tags.length === 0 ? null : [...event.tags]),
        ...given('tidings.endTime', event.endTime === null ? null : formatInstant(event.endTime)),
        ...given('tidings.value', message === null ? null : value),
      ],
      traceId: text(ownTraits.traceId),
      spanId: text(ownTraits.spanId),
    },
  };
}

const nanoseconds = (instant: Instant): string => String(BigInt(instant) * 1_000n);

const attribute = (key: string, json: Json): Attribute => ({ key, value: anyOf(json) });

const given = (key: string, json: Json): readonly Attribute[] =>
  json === null ? [] : [attribute(key, json)];

/** A float stays one where it is a whole number. */
function traitOf({ type, value }: Trait, key: string): Attribute {
  if (type === 'DATETIME') return attribute(key, formatInstant(value));
  return type === 'FLOAT' ? { key, value: { doubleValue: value } } : attribute(key, value);
}

function anyOf(json: Json): AnyValue {
  if (json === null) return {};
  if (typeof json === 'string') return { stringValue: json };
  if (typeof json === 'boolean') return { boolValue: json };
  if (typeof json === 'number' || typeof json === 'bigint') return numberOf(json);
  if (Array.isArray(json)) return { arrayValue: { values: json.map(anyOf) } };
  const entries = Object.entries(json as Readonly<Record<string, Json>>);
  return { kvlistValue: { values: entries.map(([key, value]) => attribute(key, value)) } };
}

/** An integer beyond 64 bits is a string of its digits. */
function numberOf(number: number | bigint): AnyValue {
  if (typeof number === 'number' && !Number.isSafeInteger(number)) return { doubleValue: number };
  const integer = BigInt(number);
  const fits = BigInt.asIntN(64, integer) === integer;
  return fits ? { intValue: String(integer) } : { stringValue: String(integer) };
}
