import { v5 } from 'uuid';
import type { DraftTrait, EventDraft } from '../../event/draft.ts';
import type { Json, Plane, Severity } from '../../event/event.ts';
import { isJsonObject, parseJson } from '../../event/json.ts';
import { isNestedDeeper, maxDocumentDepth } from '../../event/json-depth.ts';
import { readUuid } from '../../event/uuid.ts';
import { readDetails } from './details.ts';
import { actions, categories, components, nameIn } from './enums.ts';
import { type JsonObject, member } from './message.ts';

/**
 * How a message of OpenEBS Mayastor's event bus becomes an event. Both of its encodings are read, also mixed
 * within one message: numbers and snake_case of the 2.7 line, names and camelCase of the 2026 line.
 *
 * | Mayastor | event |
 * |---|---|
 * | category, action | category, action, by name |
 * | target | key; none where it is empty |
 * | metadata.id | id; a string that is not a UUID gets a stable one and stays a filter key |
 * | metadata.timestamp | time; where its clock is ahead, that of its arrival, and trait reportedTime |
 * | metadata.source.component | source.component; plane: IoEngine DATA_PLANE, the agents CONTROL_PLANE |
 * | metadata.source.node | source.node; none where it is empty |
 * | details | traits `<block>.<field>`; the ids among them are filter keys too |
 * | actions that are failures, details of a failure | severity ERROR: `failingActions`, `failingDetails` |
 * | that it is Mayastor's | tag `mayastor` |
 * | the whole message | raw |
 */
export function decodeMessage(body: string): EventDraft {
  const message = parse(body);
  const metadata = memberObject(message, 'metadata');
  const source = memberObject(metadata, 'source');
  const details = member(source, 'event_details');
  if (details !== undefined && details !== null && !isJsonObject(details)) {
    throw new MessageError('metadata.source.event_details is not an object');
  }
  const id = text(metadata, 'id');
  if (id === null) throw new MessageError('metadata.id is missing');
  const category = enumerated(message, 'category', categories, 'Category');
  const action = enumerated(message, 'action', actions, 'Action');
  const component = enumerated(source, 'component', components, 'Component');
  const node = text(source, 'node');
  const target = text(message, 'target');
  const { traits, ids } = readDetails(details ?? {});
  const known = readUuid(id);
  return {
    dialect: 'MAYASTOR',
    id: known ?? v5(id, idSpace),
    category,
    action,
    severity: severityOf(action, traits),
    key: target,
    filterKeys: [...new Set(known === null ? [id, ...ids] : ids)].filter((key) => key !== target),
    source: { node, component, plane: planeOf(component) },
    message: summary(category, action, target, node, traits),
    tags: ['mayastor'],
    traits,
    time: text(metadata, 'timestamp'),
    clock: 'ARRIVAL',
    raw: message as Json,
  };
}

/** A message that is not one of Mayastor's; the error's message is a clause that says why. */
export class MessageError extends Error {
  override readonly name = 'MessageError';
}

/** The name space in which an id that is not a UUID gets one; it must never change. */
const idSpace = '4f7b5a52-93f4-5c0a-8f0e-0d5c3a8b6e17';

function parse(body: string): JsonObject {
  if (isNestedDeeper(body)) {
    throw new MessageError(`it is nested more than ${maxDocumentDepth} levels deep`);
  }
  let json: unknown;
  try {
    json = parseJson(body);
  } catch (cause) {
    throw new MessageError('it is not JSON', { cause });
  }
  if (!isJsonObject(json)) throw new MessageError('it is not a JSON object');
  return json;
}

function memberObject(object: JsonObject, name: string): JsonObject {
  const value = member(object, name);
  if (!isJsonObject(value)) throw new MessageError(`${name} is missing or not an object`);
  return value;
}

/** A member that is a string; null where it is absent, null or empty. */
function text(object: JsonObject, name: string): string | null {
  const value = member(object, name) ?? '';
  if (typeof value !== 'string') throw new MessageError(`${name} is not a string`);
  return value === '' ? null : value;
}

function enumerated(
  object: JsonObject,
  name: string,
  names: readonly string[],
  subject: string,
): string {
  const known = nameIn(names, member(object, name), subject);
  if (known === null) throw new MessageError(`${name} is neither a name nor a number`);
  return known;
}

function planeOf(component: string): Plane | null {
  if (component === 'IoEngine') return 'DATA_PLANE';
  return component === 'UnknownComponent' ? null : 'CONTROL_PLANE';
}

const failingActions: ReadonlySet<string> = new Set([
  'NvmePathSuspect',
  'NvmePathFail',
  'NvmeKeepAliveTimeout',
  'ReactorFreeze',
]);

const failingDetails: ReadonlyMap<string, RegExp> = new Map([
  ['rebuild.rebuild_status', /^Failed$/],
  ['rebuild.error', /./],
  ['switch_over.switch_over_status', /^SwitchOverFailed$/],
  ['state_change.next', /^(?:faulted|offline|unknown)/i],
  ['error.error', /./],
]);

/** ERROR for an action that is a failure by itself, and for details of a failure; Mayastor has no severity. */
function severityOf(action: string, traits: readonly DraftTrait[]): Severity {
  const failed =
    failingActions.has(action) ||
    traits.some(({ name, value }) => failingDetails.get(name)?.test(String(value)) ?? false);
  return failed ? 'ERROR' : 'NORMAL';
}

/** One line for a person: `Nexus StateChange 2a3f… on io-engine-1: init → open`. */
function summary(
  category: string,
  action: string,
  target: string | null,
  node: string | null,
  traits: readonly DraftTrait[],
): string {
  const facts = new Map(traits.map(({ name, value }) => [name, String(value)]));
  const next = facts.get('state_change.next');
  const shown = [
    next && `${facts.get('state_change.previous') ?? '?'} → ${next}`,
    facts.get('rebuild.rebuild_status'),
    facts.get('switch_over.switch_over_status'),
    facts.get('subsystem_pause.nexus_pause_state'),
    facts.get('nexus_child.uri'),
    facts.get('nvme_path.path'),
    facts.get('host_initiator.host_nqn'),
    facts.get('rebuild.error') ?? facts.get('error.error'),
  ].filter((fact) => fact !== undefined && fact !== '');
  const subject = [category, action, target, node && node !== target ? `on ${node}` : null];
  const line = subject.filter((word) => word !== null).join(' ');
  return shown.length === 0 ? line : `${line}: ${shown.join(', ')}`;
}
