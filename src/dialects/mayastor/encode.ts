import type { Event, Instant, Trait } from '../../event/event.ts';
import type { Filter } from '../../event/filter.ts';
import { formatInstant } from '../../event/instant.ts';
import { isJsonObject, stringifyJson } from '../../event/json.ts';
import type { Encoder } from '../../sinks/encoder.ts';
import { inOneLine } from '../line.ts';
import { blocks, type Kind, optionalFields } from './details.ts';
import { actions, categories, components, numberIn } from './enums.ts';
import { camel, type JsonObject, member } from './message.ts';

/**
 * An event as a message of Mayastor's 2026 line (pbjson): names in camelCase, enumerations by name, 64-bit numbers as
 * strings, default values left out. It is made of the message that the event came as, or else of its fields and traits.
 */
export interface PbjsonMessage {
  /** A number where it is newer than this version. */
  readonly category?: string | number | undefined;
  readonly action?: string | number | undefined;
  readonly target?: string | undefined;
  readonly metadata: {
    readonly id: string;
    readonly source: {
      readonly component?: string | number | undefined;
      readonly node?: string | undefined;
      readonly eventDetails?: JsonObject | undefined;
    };
    readonly timestamp: string | undefined;
    readonly version: 'V1';
  };
}

/** The events that have such a message: Mayastor's own, and others of a category and an action that Mayastor has. */
export const encodable: Filter = {
  any: [{ dialects: ['MAYASTOR'] }, { categories: categories.slice(1), actions: actions.slice(1) }],
};

/** Null for an event that Mayastor has no message for. */
export function messageOf(event: Event): PbjsonMessage | null {
  const isMayastors = event.dialect === 'MAYASTOR';
  if (isMayastors && isJsonObject(event.raw)) return pbjson(event.raw);
  const isKnown = (names: readonly string[], name: string | null) =>
    name !== null && names.indexOf(name) > 0;
  const known = isKnown(categories, event.category) && isKnown(actions, event.action);
  return isMayastors || known ? pbjson(rebuilt(event)) : null;
}

/** A line of Mayastor's eventing aggregator, which `kubectl mayastor get events --from-file` reads. */
export function eventLine(message: PbjsonMessage): string {
  const { category, metadata } = message;
  const number = typeof category === 'number' ? category : numberIn(categories, category ?? '');
  const subject = `events.${number}.${metadata.id}`;
  return inOneLine(stringifyJson({ type: 'mbus_event', subject, payload: message }));
}

/** The format in which sinks send such lines. */
export const encoders: readonly Encoder[] = [
  {
    format: 'MAYASTOR',
    maxBatch: 1_000,
    encode(events) {
      const lines = events.flatMap((event) => {
        const message = messageOf(event);
        return message === null ? [] : `${eventLine(message)}\n`;
      });
      if (lines.length === 0) return null;
      return { contentType: 'application/x-ndjson', headers: {}, body: lines.join('') };
    },
  },
];

/** A message in either encoding, in pbjson. */
function pbjson(message: JsonObject): PbjsonMessage {
  const metadata = objectIn(message, 'metadata');
  const source = objectIn(metadata, 'source');
  const details = member(source, 'event_details');
  return {
    category: enumerated(categories, member(message, 'category')),
    action: enumerated(actions, member(message, 'action')),
    target: text(member(message, 'target')),
    metadata: {
      id: text(member(metadata, 'id')) ?? '',
      source: {
        component: enumerated(components, member(source, 'component')),
        node: text(member(source, 'node')),
        eventDetails: isJsonObject(details) ? detailsOf(details) : undefined,
      },
      timestamp: text(member(metadata, 'timestamp')),
      version: 'V1',
    },
  };
}

function objectIn(object: JsonObject, name: string): JsonObject {
  const found = member(object, name);
  return isJsonObject(found) ? found : {};
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** Undefined for the default; a number that is not known stays one. */
function enumerated(names: readonly string[], value: unknown): string | number | undefined {
  if (typeof value === 'number') return value === 0 ? undefined : (names[value] ?? value);
  return value === names[0] ? undefined : text(value);
}

/** In the order of the fields' numbers; what is not known here follows as it came. */
function detailsOf(details: JsonObject): JsonObject {
  const known = Object.entries(blocks).flatMap(([block, fields]) => {
    const content = member(details, `${block}_details`);
    return isJsonObject(content)
      ? [[camel(`${block}_details`), blockOf(block, fields, content)]]
      : [];
  });
  const names = new Set(Object.keys(blocks).map((block) => camel(`${block}_details`)));
  const unknown = Object.entries(details)
    .map(([name, content]) => [camel(name), content] as const)
    .filter(([name, content]) => content !== null && !names.has(name));
  return Object.fromEntries([...known, ...unknown]);
}

function blockOf(
  block: string,
  fields: Readonly<Record<string, Kind>>,
  content: JsonObject,
): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([field, kind]) => {
      const given = member(content, field);
      if (given === undefined || given === null) return [];
      const isOptional = optionalFields.has(`${block}.${field}`);
      const value = isOptional && given === '' ? '' : fieldOf(kind, given);
      return value === undefined ? [] : [[camel(field), value]];
    }),
  );
}

function fieldOf(kind: Kind, given: unknown): unknown {
  if (kind === 'duration') return isJsonObject(given) ? given : undefined;
  if (kind === 'uint64') return String(given) === '0' ? undefined : String(given);
  if (typeof kind === 'object') return enumerated(kind, given);
  return text(given);
}

/** The message of an event whose own was not kept. */
function rebuilt(event: Event): JsonObject {
  const { category, action, key, id, source, time, traits } = event;
  const details = Object.entries(blocks).flatMap(([block, fields]) => {
    const content = Object.entries(fields).flatMap(([field, kind]) => {
      const trait = traits.find(({ name }) => name === `${block}.${field}`);
      return trait === undefined ? [] : [[field, fieldValue(kind, trait)]];
    });
    return content.length === 0 ? [] : [[`${block}_details`, Object.fromEntries(content)]];
  });
  return {
    category: numbered(categories, category),
    action: numbered(actions, action ?? ''),
    target: key,
    metadata: {
      id,
      source: {
        component: numbered(components, source.component ?? ''),
        node: source.node,
        ...(details.length > 0 && { event_details: Object.fromEntries(details) }),
      },
      timestamp: timestampOf(time),
    },
  };
}

/** Whole seconds without a fraction, as protobuf writes them. */
const timestampOf = (instant: Instant): string => formatInstant(instant).replace('.000Z', 'Z');

/** Category12 is how decode.ts names a number that is not known. */
function numbered(names: readonly string[], name: string): string | number {
  return names.includes(name) ? name : numberIn(names, name) || name;
}

function fieldValue(kind: Kind, trait: Trait): unknown {
  if (trait.type === 'DATETIME') return timestampOf(trait.value);
  if (kind !== 'duration' || trait.type === 'TEXT') return trait.value;
  const nanos = Math.round(trait.value * 1e9);
  return { seconds: Math.floor(nanos / 1e9), nanos: nanos % 1e9 };
}
