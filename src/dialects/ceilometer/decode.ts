import { v5 } from 'uuid';
import type { DraftTrait, EventDraft } from '../../event/draft.ts';
import type { Json } from '../../event/event.ts';
import { storable } from '../../event/text.ts';
import { readUuid } from '../../event/uuid.ts';
import type { CeilometerEvent } from './converter.ts';
import type { Notification } from './notification.ts';
import { type DateTime, isoText } from './python/date-time.ts';
import { repr, str } from './python/text.ts';
import { type Dict, isDict, type Value } from './python/value.ts';
import type { CeilometerTrait } from './trait.ts';

/**
 * How Ceilometer's event becomes one of ours.
 *
 * | Ceilometer | event |
 * |---|---|
 * | event_type | type |
 * | message_id | id; a string that is not a UUID gets a stable one and stays a filter key |
 * | generated | time |
 * | trait project_id, else tenant_id | namespace; `default` without |
 * | traits that name things | key and filterKeys, see `keysOf` |
 * | publisher_id `compute.host1` | source.service `compute`, source.node `host1` |
 * | the level error | severity ERROR |
 * | traits display_name or name, state or status | message, see `summary` |
 * | traits | traits of the same name and type; what JSON numbers cannot hold as TEXT |
 * | raw | raw |
 */
export function draftOf({ level, body }: Notification, event: CeilometerEvent): EventDraft {
  const strings = new Map(
    event.traits.map(({ name, value }) => [name, typeof value === 'string' ? clean(value) : '']),
  );
  const messageId = event.messageId === null ? '' : clean(str(event.messageId));
  const id = readUuid(messageId);
  const keys = keysOf(strings);
  return {
    dialect: 'CEILOMETER',
    id: id ?? (messageId === '' ? null : v5(messageId, idSpace)),
    ...kindOf(clean(event.eventType)),
    namespace: namespaceOf(strings),
    severity: level === 'error' ? 'ERROR' : 'NORMAL',
    source: sourceOf(body.publisher_id),
    key: keys[0] ?? null,
    filterKeys: id === null && isKey(messageId) ? [messageId, ...keys.slice(1)] : keys.slice(1),
    message: summary(clean(event.eventType), strings, keys),
    traits: event.traits.map(traitOf),
    time: instantOf(event.generated),
    raw: event.raw === null ? null : jsonOf(event.raw),
  };
}

/** The name space in which a message_id that is not a UUID gets one; it must never change. */
const idSpace = '2b6f0cc9-04d1-5a11-b7f6-8f0c3a52d07e';

/** Without characters that the database cannot hold: NUL, and halves of surrogate pairs. */
const clean = (text: string): string => storable(text.replaceAll('\0', '')) ?? '';

/** A type that begins or ends at its first dot is a category as a whole. */
function kindOf(eventType: string): Pick<EventDraft, 'type' | 'category'> {
  const dot = eventType.indexOf('.');
  const whole = dot === 0 || dot === eventType.length - 1;
  return whole ? { category: eventType } : { type: eventType };
}

const longestNamespace = 256;

function namespaceOf(strings: ReadonlyMap<string, string>): string | null {
  const project = strings.get('project_id') || strings.get('tenant_id') || '';
  return project === '' || project.length > longestNamespace ? null : project;
}

/** Whatever its characters take in UTF-8, an index of the database can hold it. */
const longestKey = 800;
const keysMax = 64;

const isKey = (text: string): boolean => text !== '' && text.length <= longestKey;

/** In the order in which they are preferred as the key of the event. */
const preferred = ['resource_id', 'instance_id', 'share_id', 'target_id'];

/** Ids of users and owners: an event is found by these traits, not by its keys. */
const circumstances: ReadonlySet<string> = new Set([
  'project_id',
  'tenant_id',
  'user_id',
  'domain_id',
  'request_id',
  'initiator_id',
  'initiator_project_id',
  'observer_id',
  'instance_type_id',
]);

/** Ids of the resources that the event is about, the most specific first: each trait named like an id. */
function keysOf(strings: ReadonlyMap<string, string>): readonly string[] {
  const things = [...strings.keys()].filter(
    (name) => name.endsWith('_id') && !circumstances.has(name),
  );
  const names = [...preferred, ...things, 'id'];
  const keys = names.map((name) => strings.get(name) ?? '').filter(isKey);
  return [...new Set(keys)].slice(0, keysMax);
}

/** One line for a person: `compute.instance.update web-1: building → active`. */
function summary(
  eventType: string,
  strings: ReadonlyMap<string, string>,
  [key = '']: readonly string[],
): string {
  const first = (names: readonly string[]) =>
    names.map((name) => strings.get(name) ?? '').find((text) => text !== '');
  const name = first(['display_name', 'name', 'instance_name']) ?? key;
  const state = first(['state', 'status', 'outcome']);
  const before = strings.get('old_state') || undefined;
  const change = [before, state].filter((each) => each !== undefined).join(' → ');
  return [eventType, name].filter((word) => word !== '').join(' ') + (change && `: ${change}`);
}

/** `compute.host1`, or `nova-compute:host1` as versioned notifications have it. */
function sourceOf(publisher: Value | undefined): EventDraft['source'] {
  if (typeof publisher !== 'string' || !isKey(publisher)) return null;
  const [, service = publisher, node] = /^([^.:]+)[.:](.+)$/s.exec(clean(publisher)) ?? [];
  return { service, node };
}

function traitOf(trait: CeilometerTrait): DraftTrait {
  const { name: given, type, value } = trait;
  const name = clean(given);
  if (type === 'datetime') return dateTrait(name, value);
  if (type === 'int' && Number.isSafeInteger(value))
    return { name, type: 'INT', value: Number(value) };
  if (type === 'float' && Number.isFinite(value)) return { name, type: 'FLOAT', value };
  return { name, type: 'TEXT', value: typeof value === 'string' ? clean(value) : repr(value) };
}

/** Instants are exact from 1684 to 2255; a date outside, such as 9999-12-31, stays a string. */
function dateTrait(name: string, value: DateTime): DraftTrait {
  const instant = instantOf(value);
  return Number.isSafeInteger(instant)
    ? { name, type: 'DATETIME', value: instant }
    : { name, type: 'TEXT', value: `${isoText(value)}Z` };
}

const instantOf = ({ seconds, microseconds }: DateTime): number => seconds * 1e6 + microseconds;

/** Deeper messages are not kept. */
const depthMax = 200;

function jsonOf(raw: Dict): Json {
  return tooDeep(raw, depthMax) ? null : json(raw);
}

function tooDeep(value: Value, left: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return left === 0 || Object.values(value).some((member) => tooDeep(member, left - 1));
}

/** Numbers that JSON lacks, and integers that a reader of JSON would round, become strings. */
function json(value: Value): Json {
  if (typeof value === 'string') return clean(value);
  if (Array.isArray(value)) return value.map(json);
  if (isDict(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [clean(name), json(member)]),
    );
  }
  if (typeof value === 'boolean' || value === null) return value;
  return Number.isFinite(Number(value)) && typeof value !== 'bigint' ? Number(value) : repr(value);
}
