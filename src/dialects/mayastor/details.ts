import type { DraftTrait } from '../../event/draft.ts';
import type { TypedValue } from '../../event/event.ts';
import { isJsonObject } from '../../event/json.ts';
import { nameIn, rebuildStatuses, switchOverStatuses } from './enums.ts';
import { type JsonObject, member } from './message.ts';

export type Kind = 'text' | 'id' | 'uri' | 'uint64' | 'timestamp' | 'duration' | readonly string[];

/**
 * The blocks of EventDetails and the kind of each field. An `id`, and each UUID within an `id` or a `uri`
 * (bdev:///<uuid>?uuid=<uuid>), becomes a filter key. A field becomes the trait `<block>.<field>`, in snake case:
 * rebuild.source_replica, state_change.next.
 */
export const blocks: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  rebuild: {
    rebuild_status: rebuildStatuses,
    source_replica: 'id',
    destination_replica: 'id',
    error: 'text',
  },
  replica: { pool_name: 'id', pool_uuid: 'id', replica_name: 'id' },
  switch_over: {
    switch_over_status: switchOverStatuses,
    start_time: 'timestamp',
    existing_nqn: 'uri',
    new_path: 'uri',
    retry_count: 'uint64',
  },
  nexus_child: { uri: 'uri' },
  nvme_path: { nqn: 'uri', path: 'uri' },
  host_initiator: { host_nqn: 'uri', subsystem_nqn: 'uri', target: 'uri', uuid: 'id' },
  reactor: { lcore: 'uint64', state: 'text' },
  state_change: { previous: 'text', next: 'text' },
  action_duration: { time_taken: 'duration' },
  snapshot: { replica_id: 'id', create_time: 'text', volume_id: 'id' },
  clone: { source_uuid: 'id', create_time: 'text' },
  error: { error: 'text' },
  subsystem_pause: { nexus_pause_state: 'text' },
};

/** Fields that the pbjson encoding writes also where they are empty. */
export const optionalFields: ReadonlySet<string> = new Set([
  'rebuild.error',
  'switch_over.start_time',
  'switch_over.new_path',
]);

export interface Details {
  readonly traits: readonly DraftTrait[];
  /** The ids inside, by which a filter over keys also finds the event. */
  readonly ids: readonly string[];
}

/** Reads EventDetails in either encoding; a block or a field that is not known here stays in the raw message alone. */
export function readDetails(details: JsonObject): Details {
  const found = Object.entries(blocks).flatMap(([block, fields]) => {
    const content = member(details, `${block}_details`);
    return isJsonObject(content) ? readBlock(block, fields, content) : [];
  });
  return {
    traits: found.map(({ trait }) => trait),
    ids: found.flatMap(({ kind, trait }) =>
      trait.type === 'TEXT' ? idsIn(kind, trait.value) : [],
    ),
  };
}

const uuids = /(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])/gi;

function idsIn(kind: Kind, value: string): readonly string[] {
  if (kind !== 'id' && kind !== 'uri') return [];
  const inside = (value.match(uuids) ?? []).map((uuid) => uuid.toLowerCase());
  return kind === 'id' ? [value, ...inside] : inside;
}

function readBlock(block: string, fields: Readonly<Record<string, Kind>>, content: JsonObject) {
  return Object.entries(fields).flatMap(([field, kind]) => {
    const typed = readField(kind, member(content, field));
    return typed === null ? [] : [{ kind, trait: { name: `${block}.${field}`, ...typed } }];
  });
}

/** A trait that has no name yet. */
type Typed = TypedValue | { readonly type: 'DATETIME'; readonly value: string };

/** Null where a string is empty or a field is not of its kind. An absent number or enumeration is 0. */
function readField(kind: Kind, value: unknown): Typed | null {
  if (kind === 'uint64') return readUnsigned(value ?? 0);
  if (kind === 'duration') return readDuration(value);
  if (typeof kind === 'object') return readText(nameIn(kind, value, 'Status'));
  const text = readText(value);
  return kind === 'timestamp' && text !== null ? { type: 'DATETIME', value: text.value } : text;
}

const readText = (value: unknown): { type: 'TEXT'; value: string } | null =>
  typeof value === 'string' && value !== '' ? { type: 'TEXT', value } : null;

/** Seconds, from protobuf's seconds and nanos. */
function readDuration(value: unknown): Typed | null {
  if (!isJsonObject(value)) return null;
  const seconds = Number(value.seconds ?? 0) + Number(value.nanos ?? 0) / 1e9;
  return Number.isFinite(seconds) ? { type: 'FLOAT', value: seconds } : null;
}

/** A number or its decimal digits; one that JavaScript cannot hold exactly becomes TEXT. */
function readUnsigned(value: unknown): Typed | null {
  const digits = typeof value === 'string' && /^\d+$/.test(value);
  if (typeof value !== 'number' && typeof value !== 'bigint' && !digits) return null;
  const number = Number(value);
  return Number.isSafeInteger(number)
    ? { type: 'INT', value: number }
    : { type: 'TEXT', value: String(value) };
}
