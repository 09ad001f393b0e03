import { complete, type Part } from '../event/completion.ts';
import type {
  Dialect,
  Event,
  EventSource,
  Instant,
  Json,
  Plane,
  Report,
  Severity,
  Trait,
} from '../event/event.ts';
import { typeOf } from '../event/event.ts';
import type { Row } from './connection.ts';

/** A trait as it is stored: {"name": "size", "int": 5}, so that one containment tests name, type and value. */
const traitFields = { TEXT: 'text', INT: 'int', FLOAT: 'float', DATETIME: 'datetime' } as const;
type TraitField = (typeof traitFields)[keyof typeof traitFields];
type StoredTrait = { readonly name: string } & Partial<Record<TraitField, string | number>>;

export const traitFieldOf = (type: Trait['type']): TraitField => traitFields[type];

/** Microseconds since 1970 as a timestamptz, exactly. */
const timestamp = (column: string) =>
  `timestamptz 'epoch' + ${column} / 1000000 * interval '1 second' + ${column} % 1000000 * interval '1 microsecond'`;

/** The columns of the events table: the type in which a statement takes each, and what it makes of it. */
const given: Readonly<Record<string, readonly [type: string, value?: string]>> = {
  id: ['uuid'],
  index: ['bigint'],
  namespace: ['text'],
  category: ['text'],
  action: ['text'],
  type: ['text'],
  severity: ['text'],
  service: ['text'],
  instance: ['text'],
  endpoint: ['text'],
  node: ['text'],
  component: ['text'],
  plane: ['text'],
  layer: ['text'],
  key: ['text'],
  filter_keys: ['text[]'],
  message: ['text'],
  tags: ['text[]'],
  traits: ['jsonb'],
  value: ['jsonb'],
  time: ['bigint', timestamp('time')],
  end_time: ['bigint', timestamp('end_time')],
  recorded_at: ['bigint', timestamp('recorded_at')],
  dialect: ['text'],
  // JSON texts within JSON, so that they are kept as they are, not as jsonb would have them.
  raw: ['text', 'raw::json'],
  parts: ['text', 'parts::json'],
};

export const columns = Object.keys(given);

/** A select of rows, one for each object in a JSON list of what rowOf makes. */
export const rowsIn = (parameter: string): string =>
  `SELECT ${Object.entries(given)
    .map(([name, [, value = name]]) => value)
    .join(', ')}
   FROM jsonb_to_recordset(${parameter}::jsonb) AS given(${Object.entries(given)
     .map(([name, [type]]) => `${name} ${type}`)
     .join(', ')})`;

/** The row of an event that is made of these parts. */
export function rowOf(parts: readonly Part[]): object {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return rowFrom(only.report, only.index, undefined);
  const event = complete(parts);
  return rowFrom(event, event.index, JSON.stringify(parts));
}

/**
 * What a single report does not say stays unsaid, for those that complete it. Undefined is what JSON leaves out: a
 * shorter text for the same row.
 */
function rowFrom(said: Event | Report, index: number, parts: string | undefined) {
  const { raw } = said;
  return {
    id: said.id,
    index,
    namespace: said.namespace,
    category: said.category,
    action: said.action ?? undefined,
    type: typeOf(said),
    severity: said.severity ?? undefined,
    ...sourceColumns(said.source),
    key: said.key ?? undefined,
    filter_keys: said.filterKeys,
    message: said.message ?? undefined,
    tags: said.tags,
    traits: said.traits.map(storedTrait),
    value: said.value ?? undefined,
    time: said.time,
    end_time: said.endTime ?? undefined,
    recorded_at: said.recordedAt,
    dialect: said.dialect,
    raw: raw === null ? undefined : JSON.stringify(raw),
    parts,
  };
}

const sourceColumns = (source: EventSource) => ({
  service: source.service ?? undefined,
  instance: source.instance ?? undefined,
  endpoint: source.endpoint ?? undefined,
  node: source.node ?? undefined,
  component: source.component ?? undefined,
  plane: source.plane ?? undefined,
  layer: source.layer ?? undefined,
});

function storedTrait({ name, type, value }: Trait): StoredTrait {
  switch (type) {
    case 'TEXT':
      return { name, text: value };
    case 'INT':
      return { name, int: value };
    case 'FLOAT':
      return { name, float: value };
    case 'DATETIME':
      return { name, datetime: value };
  }
}

/** Of a timestamptz, since 1970. */
export const microseconds = (column: string) => `(extract(epoch FROM ${column}) * 1000000)::bigint`;

/** One cell an event: many cells cost more than the JSON that joins them. */
const cell = `json_build_array(id, index, namespace, category, action, severity, service, instance,
  endpoint, node, component, plane, layer, key, filter_keys, message, tags, traits, value,
  ${microseconds('time')}, ${microseconds('end_time')}, ${microseconds('recorded_at')}, dialect, raw)`;

/** The same as text, for a row of its own. */
export const eventCell = `${cell}::text`;

/** A select of all events of another one's rows in a single cell: the driver spends longer on a row than on an event. */
export const eventsSelect = (from: string): string =>
  `SELECT json_agg(cell)::text FROM (SELECT ${cell} AS cell FROM ${from}) AS listed`;

type EventCell = [
  id: string,
  index: number,
  namespace: string,
  category: string,
  action: string | null,
  severity: Severity | null,
  service: string | null,
  instance: string | null,
  endpoint: string | null,
  node: string | null,
  component: string | null,
  plane: Plane | null,
  layer: string | null,
  key: string | null,
  filterKeys: string[],
  message: string | null,
  tags: string[],
  traits: StoredTrait[],
  value: Json,
  time: Instant,
  endTime: Instant | null,
  recordedAt: Instant,
  dialect: Dialect,
  raw: Json,
];

/** The events in what an eventsSelect answered, in the order of its rows. */
export function eventsOf([row]: readonly Row[]): Event[] {
  const list = row?.[0];
  return list == null ? [] : (JSON.parse(list) as EventCell[]).map(eventIn);
}

function eventIn(cell: EventCell): Event {
  const { index, report } = partIn(cell);
  const { fresh: _, severity, ...fields } = report;
  return { ...fields, severity: severity ?? 'NORMAL', index };
}

/** The parts of a row of an eventCell and the column `parts`. */
export function partsOf([text, parts]: Row): readonly Part[] {
  return parts == null
    ? [partIn(JSON.parse(text as string) as EventCell)]
    : (JSON.parse(parts) as Part[]);
}

function partIn(cell: EventCell): Part {
  const [
    id,
    index,
    namespace,
    category,
    action,
    severity,
    service,
    instance,
    endpoint,
    node,
    component,
    plane,
    layer,
    key,
    filterKeys,
    message,
    tags,
    traits,
    value,
    time,
    endTime,
    recordedAt,
    dialect,
    raw,
  ] = cell;
  return {
    index,
    report: {
      id,
      fresh: false,
      namespace,
      category,
      action,
      severity,
      source: { service, instance, endpoint, node, component, plane, layer },
      key,
      filterKeys,
      message,
      tags,
      traits: traits.map(traitOf),
      value,
      time,
      endTime,
      recordedAt,
      dialect,
      raw,
    } satisfies Report,
  };
}

function traitOf({ name, text, int, float, datetime }: StoredTrait): Trait {
  if (text !== undefined) return { name, type: 'TEXT', value: text as string };
  if (int !== undefined) return { name, type: 'INT', value: int as number };
  if (float !== undefined) return { name, type: 'FLOAT', value: float as number };
  return { name, type: 'DATETIME', value: datetime as number };
}
