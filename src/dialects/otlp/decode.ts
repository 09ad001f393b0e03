import { v5 } from 'uuid';
import type { DraftTrait, EventDraft } from '../../event/draft.ts';
import type { Instant, Json } from '../../event/event.ts';
import { integerTrait, stringifyJson } from '../../event/json.ts';
import { foreignType } from '../foreign-type.ts';
import { errorNumber, ownTraits, resourcePrefix, sourceAttributes } from './names.ts';
import {
  booleanIn,
  doubleIn,
  integerIn,
  type Message,
  messageIn,
  messagesIn,
  textIn,
} from './wire.ts';

/**
 * The events of an export request, in order, and null for each record that has no event name.
 *
 * | log record | event |
 * |---|---|
 * | eventName, else the attribute event.name | type |
 * | severityNumber from 17 up | severity ERROR |
 * | timeUnixNano, else observedTimeUnixNano | time; that of its arrival where it is ahead, or there is none |
 * | body | message where it is a string, else value |
 * | resource attributes service.name, service.instance.id, host.name | source.service, instance, node |
 * | other resource attributes | traits `resource.<name>` |
 * | attributes | traits |
 * | traceId, spanId, severityText, name of the scope | traits otlp.traceId, otlp.spanId, otlp.severityText, otlp.scope |
 * | resource, scope and record | raw |
 *
 * A record has no id. One with a time gets an id made of its content, so that a request that is sent again is recorded once.
 *
 * @throws MalformedRequest
 */
export function draftsOf(request: Message): (EventDraft | null)[] {
  const seen = new Map<string, number>();
  return messagesIn(request, 'resourceLogs').flatMap((resourceLogs) => {
    const resource = messageIn(resourceLogs.resource ?? {}, 'resource');
    return messagesIn(resourceLogs, 'scopeLogs').flatMap((scopeLogs) => {
      const scope = messageIn(scopeLogs.scope ?? {}, 'scope');
      const records = messagesIn(scopeLogs, 'logRecords');
      return records.map((record) => draftOf({ resource, scope, record }, seen));
    });
  });
}

type Placed = Readonly<Record<'resource' | 'scope' | 'record', Message>>;

/** The name space of ids that are made of a record's content; it must never change. */
const idSpace = 'a3c7d1f4-2b9e-5a60-8c15-4e7f90b6d238';

function draftOf(placed: Placed, seen: Map<string, number>): EventDraft | null {
  const { resource, scope, record } = placed;
  const attributes = attributesOf(record);
  const named = attributes.get('event.name')?.stringValue;
  const type = textIn(record, 'eventName') || (typeof named === 'string' ? named : '');
  if (type === '') return null;
  attributes.delete('event.name');
  const about = attributesOf(resource);
  const time = timeOf(record);
  const body = jsonOf(record.body);
  const message = typeof body === 'string' ? body : null;
  const source = {
    service: taken(about, sourceAttributes.service),
    instance: taken(about, sourceAttributes.instance),
    node: taken(about, sourceAttributes.node),
  };
  return {
    dialect: 'TIDINGS',
    id: time === null ? null : idOf(placed, seen),
    ...foreignType(type),
    severity: severityOf(record),
    source,
    message,
    traits: [
      ...[...attributes].flatMap(([name, value]) => traitOf(name, value)),
      ...[...about].flatMap(([name, value]) => traitOf(`${resourcePrefix}${name}`, value)),
      ...placeTraits(record, scope),
    ],
    value: message === null ? body : null,
    time,
    clock: 'ARRIVAL',
    raw: { resource, scope, record } as Json,
  };
}

function severityOf(record: Message): EventDraft['severity'] {
  const number = integerIn(record, 'severityNumber');
  if (number === 0n) return null;
  return number >= BigInt(errorNumber) ? 'ERROR' : 'NORMAL';
}

/** Equal records of one request differ in their number. */
function idOf(placed: Placed, seen: Map<string, number>): string {
  const text = stringifyJson(placed);
  const number = seen.get(text) ?? 0;
  seen.set(text, number + 1);
  return v5(`${text}#${number}`, idSpace);
}

function timeOf(record: Message): Instant | null {
  const nanoseconds =
    integerIn(record, 'timeUnixNano') || integerIn(record, 'observedTimeUnixNano');
  return nanoseconds <= 0n ? null : Number(nanoseconds / 1000n);
}

/** OTLP does not allow equal names: the last one counts. */
const attributesOf = (message: Message): Map<string, Message> =>
  new Map(
    messagesIn(message, 'attributes').map(
      (attribute) =>
        [textIn(attribute, 'key'), messageIn(attribute.value ?? {}, 'A value')] as const,
    ),
  );

/** A string that has a field of its own. */
function taken(attributes: Map<string, Message>, name: string): string | null {
  const value = attributes.get(name)?.stringValue;
  if (typeof value !== 'string') return null;
  attributes.delete(name);
  return value;
}

/** A value as JSON. Numbers that JSON lacks are strings, bytes are base64. @throws MalformedRequest */
function jsonOf(json: Json | undefined): Json {
  if (json === undefined || json === null) return null;
  const any = messageIn(json, 'A value');
  if (any.intValue != null) return integerJson(integerIn(any, 'intValue'));
  if (any.arrayValue != null) {
    const { values } = messageIn(any.arrayValue, 'arrayValue');
    return Array.isArray(values) ? values.map(jsonOf) : [];
  }
  if (any.kvlistValue != null) {
    const entries = messagesIn(messageIn(any.kvlistValue, 'kvlistValue'), 'values');
    return Object.fromEntries(entries.map((entry) => [textIn(entry, 'key'), jsonOf(entry.value)]));
  }
  if (any.stringValue != null) return textIn(any, 'stringValue');
  if (any.boolValue != null) return booleanIn(any, 'boolValue');
  if (any.doubleValue != null) return doubleJson(doubleIn(any, 'doubleValue'));
  return any.bytesValue == null ? null : textIn(any, 'bytesValue');
}

const integerJson = (integer: bigint): Json =>
  Number.isSafeInteger(Number(integer)) ? Number(integer) : integer;

const doubleJson = (double: number): Json => (Number.isFinite(double) ? double : String(double));

/** Nothing where there is no value. */
function traitOf(name: string, any: Message): DraftTrait[] {
  const value = jsonOf(any as Json);
  if (value === null || name === '') return [];
  if (typeof value === 'bigint') return [integerTrait(name, value)];
  if (typeof value === 'number') {
    return any.doubleValue == null ? [integerTrait(name, value)] : [{ name, type: 'FLOAT', value }];
  }
  const text = typeof value === 'object' ? stringifyJson(value) : String(value);
  return [{ name, type: 'TEXT', value: text }];
}

function placeTraits(record: Message, scope: Message): DraftTrait[] {
  const strings = {
    [ownTraits.traceId]: textIn(record, 'traceId'),
    [ownTraits.spanId]: textIn(record, 'spanId'),
    [ownTraits.severityText]: textIn(record, 'severityText'),
    [ownTraits.scope]: textIn(scope, 'name'),
  };
  return Object.entries(strings).flatMap(([name, value]) =>
    value === '' ? [] : [{ name, type: 'TEXT', value } as const],
  );
}
