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
import type { EventField } from './store.ts';

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

/** Where each field of an event stands in a cell, and the column that it is read from. */
const cellColumns = {
  id: 'id',
  index: 'index',
  namespace: 'namespace',
  category: 'category',
  action: 'action',
  severity: 'severity',
  service: 'service',
  instance: 'instance',
  endpoint: 'endpoint',
  node: 'node',
  component: 'component',
  plane: 'plane',
  layer: 'layer',
  key: 'key',
  filterKeys: 'filter_keys',
  message: 'message',
  tags: 'tags',
  traits: 'traits',
  value: 'value',
  time: microseconds('time'),
  endTime: microseconds('end_time'),
  recordedAt: microseconds('recorded_at'),
  dialect: 'dialect',
  raw: 'raw',
} as const satisfies Record<EventField, string>;

const everyField = Object.keys(cellColumns) as readonly EventField[];

/** One cell an event: many cells cost more than the JSON that joins them. */
const cellOf = (fields: readonly EventField[]): string =>
  `json_build_array(${fields.map((field) => cellColumns[field]).join(', ')})`;

/** The whole event as text, for a row of its own. */
export const eventCell = `${cellOf(everyField)}::text`;

/** A select of all events of another one's rows in a single cell: the driver spends longer on a row than on an event. */
export const eventsSelect = (from: string, fields = everyField): string =>
  `SELECT json_agg(cell)::text FROM (SELECT ${cellOf(fields)} AS cell FROM ${from}) AS listed`;

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

/** The events in what an eventsSelect of these fields answered, in the order of its rows. */
export function eventsOf([row]: readonly Row[], fields = everyField): Event[] {
  const list = row?.[0];
  if (list == null) return [];
  if (fields === everyField) return (JSON.parse(list) as EventCell[]).map(eventIn);
  const places = fields.map((field) => everyField.indexOf(field));
  return (JSON.parse(list) as unknown[][]).map((cell) => eventIn(wholeOf(cell, places)));
}

/** What a reader did not want of an event that may not be null. */
const blanks: Partial<Record<EventField, unknown>> = {
  id: '',
  index: 0,
  namespace: '',
  category: '',
  filterKeys: [],
  tags: [],
  traits: [],
  time: 0,
  recordedAt: 0,
  dialect: 'TIDINGS',
};
const blank: readonly unknown[] = everyField.map((field) => blanks[field] ?? null);

/** A cell of all fields, of one whose entries belong in these places. */
function wholeOf(cell: readonly unknown[], places: readonly number[]): EventCell {
  const whole = blank.slice();
  for (let at = 0; at < places.length; at += 1) whole[places[at] as number] = cell[at];
  return whole as EventCell;
}

function eventIn(cell: EventCell): Event {
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
    id,
    index,
    namespace,
    category,
    action,
    severity: severity ?? 'NORMAL',
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
  };
}

/** The parts of a row of an eventCell and the column `parts`. */
export function partsOf([text, parts]: Row): readonly Part[] {
  return parts == null
    ? [partIn(JSON.parse(text as string) as EventCell)]
    : (JSON.parse(parts) as Part[]);
}

/** The only report of an event. Field by field, as copying by spreading takes several times as long. */
function partIn(cell: EventCell): Part {
  const event = eventIn(cell);
  const [, , , , , severity] = cell;
  const report: Report = {
    id: event.id,
    fresh: false,
    namespace: event.namespace,
    category: event.category,
    action: event.action,
    severity,
    source: event.source,
    key: event.key,
    filterKeys: event.filterKeys,
    message: event.message,
    tags: event.tags,
    traits: event.traits,
    value: event.value,
    time: event.time,
    endTime: event.endTime,
    recordedAt: event.recordedAt,
    dialect: event.dialect,
    raw: event.raw,
  };
  return { index: event.index, report };
}

function traitOf({ name, text, int, float, datetime }: StoredTrait): Trait {
  if (text !== undefined) return { name, type: 'TEXT', value: text as string };
  if (int !== undefined) return { name, type: 'INT', value: int as number };
  if (float !== undefined) return { name, type: 'FLOAT', value: float as number };
  return { name, type: 'DATETIME', value: datetime as number };
}
