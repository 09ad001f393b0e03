import type { Json } from '../../event/event.ts';
import { integerOf } from '../../event/json.ts';
import {
  type EventMessage,
  type EventType,
  type Int64,
  MalformedMessage,
  typeNamed,
  typeNumbered,
} from './message.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads an Event in protobuf's JSON mapping: an int64 as a number or a string, the enum by name or number, null as not
 * given. Unknown names are ignored.
 * @throws MalformedMessage where a value has the wrong type
 */
export function eventFromJson(json: unknown): EventMessage {
  const event = object(json, 'an event');
  const source = event.source == null ? {} : object(event.source, 'source');
  return {
    uuid: text(event.uuid, 'uuid'),
    source: {
      service: text(source.service, 'source.service'),
      serviceInstance: text(source.serviceInstance, 'source.serviceInstance'),
      endpoint: text(source.endpoint, 'source.endpoint'),
    },
    name: text(event.name, 'name'),
    type: eventType(event.type),
    message: text(event.message, 'message'),
    parameters: parameters(event.parameters),
    startTime: milliseconds(event.startTime, 'startTime'),
    endTime: milliseconds(event.endTime, 'endTime'),
    layer: text(event.layer, 'layer'),
  };
}

/** An Event in protobuf's JSON mapping. */
export function jsonOf({ source, parameters: its, ...fields }: EventMessage): Json {
  return { ...fields, source: { ...source }, parameters: Object.fromEntries(its) };
}

function object(json: unknown, name: string): JsonObject {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new MalformedMessage(`${name} must be an object.`);
  }
  return json as JsonObject;
}

/** Numbers and booleans become strings, as in SkyWalking's own parser. */
function text(json: unknown, name: string): string {
  if (json === undefined || json === null) return '';
  if (typeof json === 'object') throw new MalformedMessage(`${name} must be a string.`);
  return String(json);
}

function eventType(json: unknown): EventType {
  if (json === undefined || json === null) return 'Normal';
  if (typeof json === 'number') return typeNumbered(json);
  if (typeof json !== 'string') throw new MalformedMessage('type must be Normal or Error.');
  return /^[+-]?\d+$/.test(json) ? typeNumbered(Number(json)) : typeNamed(json);
}

function parameters(json: unknown): ReadonlyMap<string, string> {
  if (json === undefined || json === null) return new Map();
  const entries = Object.entries(object(json, 'parameters'));
  return new Map(
    entries.map(([key, value]) => {
      if (value === null) throw new MalformedMessage(`parameters.${key} must be a string.`);
      return [key, text(value, `parameters.${key}`)];
    }),
  );
}

const int64Limit = 2n ** 63n;

function milliseconds(json: unknown, name: string): Int64 {
  if (json === undefined || json === null) return 0;
  const number = typeof json === 'string' ? numberIn(json) : json;
  if (typeof number === 'bigint' || (typeof number === 'number' && Number.isInteger(number))) {
    if (number <= int64Limit && number >= -int64Limit) return number;
  }
  throw new MalformedMessage(`${name} must be a whole number of milliseconds.`);
}

/** All the digits of an integer; else as JavaScript reads a number, `1e3` as well. */
function numberIn(text: string): unknown {
  if (/^-?\d{1,20}$/.test(text)) return integerOf(text);
  return text.trim() === '' ? null : Number(text);
}
