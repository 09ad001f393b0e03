import type { Event } from '../../event/event.ts';
import { everything, type Filter } from '../../event/filter.ts';
import type { Connection, Parameter, Query } from '../database/connection.ts';
import type { EventField, EventOrder, Page, PageRequest, Position } from '../store.ts';
import { eventsOf, eventsSelect } from './event-rows.ts';
import { countedRows, type RollupPlan, type Rollups, rollupPlan } from './rollups.ts';
import type { SelectivityCache } from './selectivity-cache.ts';
import { explainTooSlow } from './too-slow.ts';
import { Parameters, whereOf } from './where.ts';

interface Direction {
  readonly columns: string;
  readonly ascending: boolean;
}

const orders: Readonly<Record<EventOrder, Direction>> = {
  TIME_ASC: { columns: 'time, index', ascending: true },
  TIME_DESC: { columns: 'time, index', ascending: false },
  INDEX_ASC: { columns: 'index', ascending: true },
  INDEX_DESC: { columns: 'index', ascending: false },
};

const eventsFrom = async (
  query: Query,
  from: string,
  values: readonly Parameter[],
  fields?: readonly EventField[],
): Promise<Event[]> => eventsOf(await query(eventsSelect(from, fields), values), fields);

export async function findEvent(lookUp: Query, id: string): Promise<Event | null> {
  const [event] = await eventsFrom(lookUp, 'events WHERE id = $1::uuid', [id]);
  return event ?? null;
}

/** Events to scan for each requested event, while nothing is known about the filter. */
const scannedPerEvent = 10;

/** A longer scan costs more than planning does. */
const maxScanned = 1_000;

/** A filter that at most one event in 100 passes may be sparse. */
const sparseOneIn = 100;

/** Up to this number of events, a filter is sparse. */
const maxSparse = 1_000;

/**
 * The first events in the order of the page fill most pages, and scanning these takes less time than planning a filter.
 * Where hardly any of them passes, the filter may be sparse: its events are found by an index on ids, keys, tags or
 * traits, and then sorted. Only filters between the two are planned, as the planner assumes one event in 200 for
 * whatever it has not counted. The next page of the filter begins with the plan that was right for this one.
 */
export async function findPage(
  { read, lookUp }: Pick<Connection, 'read' | 'lookUp'>,
  selectivities: SelectivityCache,
  request: PageRequest,
): Promise<Page> {
  const { filter, limit, skip = 0 } = request;
  const maxEvents = scannedPerEvent * (skip + limit);
  const expected = selectivities.of(filter);
  let selectivity = expected;
  if (selectivity === 'dense' && maxEvents <= maxScanned) {
    const found = await scanFirst(lookUp, request, maxEvents);
    if (found.length > limit) return pageOf(found, request);
    selectivity = found.length * sparseOneIn <= maxEvents ? 'sparse' : 'unknown';
  }
  let found: Event[] | null = null;
  if (selectivity === 'sparse') {
    found = await findSparse(lookUp, request);
    if (found === null) selectivity = 'unknown';
  }
  if (selectivity !== expected) selectivities.set(filter, selectivity);
  return pageOf(found ?? (await findPlanned(read, request)), request);
}

/** @param found one event more than requested, where there are more */
function pageOf(found: readonly Event[], { limit, fromEnd = false }: PageRequest): Page {
  const events = found.slice(0, limit);
  return { events: fromEnd ? events.reverse() : events, more: found.length > limit };
}

function findPlanned(query: Query, request: PageRequest): Promise<Event[]> {
  const { page, to } = clausesOf(request);
  return eventsFrom(query, page('events'), to.values, request.fields);
}

/** @param maxEvents the number of events to scan, from the first in the order of the page */
function scanFirst(query: Query, request: PageRequest, maxEvents: number): Promise<Event[]> {
  const { inOrder, page, to } = clausesOf(request);
  const { filter, order, fields } = request;
  const first = inOrder('events', spanAlong(orders[order].columns, filter), maxEvents);
  const from = page(`(SELECT * FROM ${first}) AS events`);
  return eventsFrom(query, from, to.values, fields);
}

/** Sorts all events that an index finds; null where they are too many, or no index finds them. */
async function findSparse(query: Query, request: PageRequest): Promise<Event[] | null> {
  const { page, to } = clausesOf(request);
  const { filter, fields } = request;
  const indexed = indexedPart(filter);
  if (indexed === null) return null;
  const sparse = `SELECT * FROM events WHERE ${whereOf(indexed, to)} LIMIT ${maxSparse + 1}`;
  const select = eventsSelect(page('sparse AS events'), fields, '(SELECT count(*) FROM sparse)');
  const rows = await query(`WITH sparse AS (${sparse}) ${select}`, to.values);
  return Number(rows[0]?.at(-1)) > maxSparse ? null : eventsOf(rows, fields);
}

/**
 * The one condition by which an index finds the events that may pass: two indexes would both be read to their ends.
 * Null where the filter has no condition that may be sparse.
 */
function indexedPart({ time: _, namespaces: __, ...filter }: Filter): Filter | null {
  const { ids, keys, tags = [], traits = [], ...others } = filter;
  if (ids !== undefined) return { ids };
  if (keys !== undefined) return { keys };
  // The other conditions may be the rare ones.
  if (Object.keys(others).length > 0) return null;
  if (traits.length === 0) return tags.length > 0 ? { tags } : null;
  const [trait] = traits;
  return tags.length === 0 && traits.length === 1 && trait?.op === 'EQ' ? { traits } : null;
}

/** The parts of a statement for a page. */
interface Clauses {
  readonly to: Parameters;
  /** At most `max` rows of a source that pass a filter, between the positions of the page and in its order. */
  readonly inOrder: (source: string, wanted: Filter, max: number) => string;
  /** The rows of a source that are the page, and one more, which shows whether there are more. */
  readonly page: (source: string) => string;
}

function clausesOf(request: PageRequest): Clauses {
  const { filter, order, limit, after, before, fromEnd = false, skip = 0 } = request;
  const { columns, ascending } = orders[order];
  const to = new Parameters();
  const bounds = [
    ...(after ? [bound(columns, ascending ? '>' : '<', after, to)] : []),
    ...(before ? [bound(columns, ascending ? '<' : '>', before, to)] : []),
  ];
  const direction = ascending === fromEnd ? 'DESC' : 'ASC';
  const ordered = `ORDER BY ${columns.replace(',', ` ${direction},`)} ${direction}`;
  const inOrder = (source: string, wanted: Filter, max: number) =>
    `${source} WHERE ${[whereOf(wanted, to), ...bounds].join(' AND ')} ${ordered} LIMIT ${to.add(max, 'bigint')}`;
  const page = (source: string) =>
    `${inOrder(source, filter, limit + 1)} OFFSET ${to.add(skip, 'bigint')}`;
  return { to, inOrder, page };
}

/** The part of a filter that bounds the scan of an index. */
const spanAlong = (columns: string, { time }: Filter): Filter =>
  columns === 'index' || time === undefined ? everything : { time };

const bound = (columns: string, side: '<' | '>', { time, index }: Position, to: Parameters) =>
  columns === 'index'
    ? `index ${side} ${to.add(index, 'bigint')}`
    : `(time, index) ${side} (${to.instant(time)}, ${to.add(index, 'bigint')})`;

/** From the rollups where these hold what the filter asks for. */
export async function countEvents(query: Query, rollups: Rollups, filter: Filter): Promise<number> {
  const plan = rollupPlan(filter);
  const counted = plan && (await countRollups(query, rollups, filter, plan));
  if (counted !== null) return Number(counted);
  const to = new Parameters();
  const text = `SELECT count(*) FROM events WHERE ${whereOf(filter, to)}`;
  const [row] = await explainTooSlow(query(text, to.values));
  return Number(row?.[0]);
}

function countRollups(query: Query, rollups: Rollups, filter: Filter, plan: RollupPlan) {
  const to = new Parameters();
  const rows = countedRows([], filter, plan, to).join(' UNION ALL ');
  return rollups.ask(query, `SELECT coalesce(sum(count), 0)::bigint FROM (${rows}) AS counted`, to);
}

export async function eventsAfter(lookUp: Query, index: number, limit: number): Promise<Event[]> {
  const from = 'events WHERE index > $1 ORDER BY index LIMIT $2';
  return eventsFrom(lookUp, from, [index, limit]);
}
