import type { IndexedReport } from '../../event/completion.ts';
import type { Event, EventSource, Instant, Report, Severity, Trait } from '../../event/event.ts';
import { knownOf, typeOf } from '../../event/event.ts';
import { parseInstant } from '../../event/instant.ts';
import { parseJson, stringifyJson } from '../../event/json.ts';
import type { Row } from '../database/connection.ts';
import type { EventField } from '../store.ts';

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
  // JSON as strings within JSON, so that they are kept as they are, not as jsonb would normalize them.
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

/** The row of an event that these reports make. */
export function rowOf(event: Event, reports: readonly IndexedReport[]): object {
  const [only] = reports;
  return only !== undefined && reports.length === 1
    ? rowFrom(only.report, only.index, undefined)
    : rowFrom(event, event.index, stringifyJson(reports));
}

/**
 * What a single report does not say stays unsaid, for those that complete it. JSON leaves undefined out: a
 * shorter string for the same row.
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
    raw: raw === null ? undefined : stringifyJson(raw),
    parts,
    // Last: members that are added to a copy make it several times as slow.
    ...knownOf(said.source),
  };
}

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

/** The column that each field of an event is read from. */
export const columnOf = {
  id: 'id',
  index: 'index',
  namespace: 'namespace',
  category: 'category',
  action: 'action',
  type: 'type',
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
  time: 'time',
  endTime: 'end_time',
  recordedAt: 'recorded_at',
  dialect: 'dialect',
  raw: 'raw',
} as const satisfies Record<EventField, string>;

/** The columns of a whole event: its type is made of category and action. */
const everyField: readonly EventField[] = (Object.keys(columnOf) as EventField[]).filter(
  (field) => field !== 'type',
);

/**
 * A select of one row: a JSON list of each column. The driver spends longer on a row than on an event, and PostgreSQL
 * longer on a list for each event than on one for each column. One list of them all would be one more copy of what may
 * be 256 MB.
 */
const listsSelect = (
  columns: readonly string[],
  from: string,
  others: readonly string[] = [],
): string =>
  `SELECT ${[...columns.map((column) => `json_agg(${column})`), ...others].join(', ')}
   FROM (SELECT ${columns.join(', ')} FROM ${from}) AS listed`;

/** A select of events, for eventsOf; and of anything else that is one value, in the last cell. */
export const eventsSelect = (from: string, fields = everyField, ...others: string[]): string =>
  listsSelect(columnsOf(fields), from, others);

/** A select of all that is known of events, for reportsOf. */
export const reportsSelect = (from: string): string =>
  listsSelect([...columnsOf(everyField), 'parts'], from);

const columnsOf = (fields: readonly EventField[]) => fields.map((field) => columnOf[field]);

/** An event as the cells of its row have it. */
type Cells = Omit<Event, keyof Rewritten | 'source'> & EventSource & Rewritten;

interface Rewritten {
  readonly severity: Severity | null;
  readonly traits: readonly StoredTrait[];
  readonly time: string;
  readonly endTime: string | null;
  readonly recordedAt: string;
}

/** The answer of a select: for each requested field, the cells of every event, in the order of the rows. */
type Lists = { readonly [Field in EventField]?: readonly Cells[Field][] };

/** Each is null where there are no events. */
const columnsIn = ([row = []]: readonly Row[]): unknown[][] =>
  row.map((column) => (column === null ? [] : (parseJson(column) as unknown[])));

const listsOf = (fields: readonly EventField[], columns: readonly unknown[][]): Lists =>
  Object.fromEntries(fields.map((field, position) => [field, columns[position]]));

/** The events in what an eventsSelect of these fields answered, in the order of its rows. */
export function eventsOf(rows: readonly Row[], fields = everyField): Event[] {
  const columns = columnsIn(rows);
  return eventsIn(listsOf(fields, columns), columns[0]?.length ?? 0);
}

/** Blank where it was not requested. */
const cell = <Value>(list: readonly Value[] | undefined, row: number, blank: Value): Value =>
  list === undefined ? blank : (list[row] as Value);

/** Lists of events never change, so all blank ones are the same object. */
const none: readonly never[] = [];

function eventsIn(lists: Lists, count: number): Event[] {
  // Taken from the lists once: they have another shape for every selection.
  const { id, index, namespace, category, action, type, severity } = lists;
  const { service, instance, endpoint, node, component, plane, layer } = lists;
  const { key, filterKeys, message, tags, traits, value } = lists;
  const { time, endTime, recordedAt, dialect, raw } = lists;
  return Array.from({ length: count }, (_, row) => {
    const kind = { category: cell(category, row, ''), action: cell(action, row, null) };
    return {
      id: cell(id, row, ''),
      index: cell(index, row, 0),
      namespace: cell(namespace, row, ''),
      category: kind.category,
      action: kind.action,
      type: type === undefined ? typeOf(kind) : cell(type, row, ''),
      severity: cell(severity, row, null) ?? 'NORMAL',
      source: {
        service: cell(service, row, null),
        instance: cell(instance, row, null),
        endpoint: cell(endpoint, row, null),
        node: cell(node, row, null),
        component: cell(component, row, null),
        plane: cell(plane, row, null),
        layer: cell(layer, row, null),
      },
      key: cell(key, row, null),
      filterKeys: cell(filterKeys, row, none),
      message: cell(message, row, null),
      tags: cell(tags, row, none),
      traits: cell(traits, row, none).map(traitOf),
      value: cell(value, row, null),
      time: instantIn(cell(time, row, null)) ?? 0,
      endTime: instantIn(cell(endTime, row, null)),
      recordedAt: instantIn(cell(recordedAt, row, null)) ?? 0,
      dialect: cell(dialect, row, 'TIDINGS'),
      raw: cell(raw, row, null),
    };
  });
}

/** JSON has a timestamptz in the session's time zone, which is UTC. */
const instantIn = (text: string | null): Instant | null =>
  text === null ? null : parseInstant(text);

/**
 * The reports of each event in what a reportsSelect answered, by its id. Their namespace is the event's: those that
 * were stored before the first report's namespace owned the event may be of others.
 */
export function reportsOf(rows: readonly Row[]): Map<string, readonly IndexedReport[]> {
  const columns = columnsIn(rows);
  const lists = listsOf(everyField, columns);
  const several = (columns[everyField.length] ?? []) as (readonly IndexedReport[] | null)[];
  return new Map(
    eventsIn(lists, several.length).map((event, row) => [
      event.id,
      several[row]?.map((each) => ownedBy(event.namespace, each)) ?? [
        onlyReport(event, cell(lists.severity, row, null)),
      ],
    ]),
  );
}

const ownedBy = (namespace: string, { index, report }: IndexedReport): IndexedReport =>
  report.namespace === namespace ? { index, report } : { index, report: { ...report, namespace } };

/** Field by field, as copying by spreading takes several times as long. */
function onlyReport(event: Event, severity: Severity | null): IndexedReport {
  const report: Report = {
    id: event.id,
    generatedId: false,
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
