import type { Event } from '../../event/event.ts';
import { everything, type Filter } from '../../event/filter.ts';
import type { Connection, Parameter, Query } from '../database/connection.ts';
import type { EventField, EventOrder, Page, PageRequest, Position } from '../store.ts';
import { eventsOf, eventsSelect } from './event-rows.ts';
import type { SelectivityCache } from './selectivity-cache.ts';
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

/** Events that are looked through for each that is wanted, while nothing is known of a filter. */
const lookedThrough = 10;

/** For more, planning is the smaller part. */
const mostLookedThrough = 1_000;

/** Where at most one in so many of these passes, all that pass may be few. */
const seldom = 100;

/** What is found by what it holds is few up to so many. */
const mostFew = 1_000;

/**
 * Most pages are filled by the first events in their order, and these are looked through in less time than planning for
 * a filter takes. Where hardly any of them passes, all that hold what is asked for may be few: they are found by that, and
 * put in order. Only what is between is planned for, as the planner takes whatever it has not counted for one in 200.
 * The next page of the filter begins with what was right for this one.
 */
export async function findPage(
  { read, lookUp }: Pick<Connection, 'read' | 'lookUp'>,
  frequencies: SelectivityCache,
  request: PageRequest,
): Promise<Page> {
  const { filter, limit, skip = 0 } = request;
  const through = lookedThrough * (skip + limit);
  const thought = frequencies.of(filter);
  let frequency = thought;
  if (frequency === 'many' && through <= mostLookedThrough) {
    const found = await findAmongFirst(lookUp, request, through);
    if (found.length > limit) return pageOf(found, request);
    frequency = found.length * seldom <= through ? 'few' : 'some';
  }
  let found: Event[] | null = null;
  if (frequency === 'few') {
    found = await findAmongFew(lookUp, request);
    if (found === null) frequency = 'some';
  }
  if (frequency !== thought) frequencies.set(filter, frequency);
  return pageOf(found ?? (await findAmongAll(read, request)), request);
}

/** @param found a row more than asked for, where there are more */
function pageOf(found: readonly Event[], { limit, fromEnd = false }: PageRequest): Page {
  const events = found.slice(0, limit);
  return { events: fromEnd ? events.reverse() : events, more: found.length > limit };
}

function findAmongAll(query: Query, request: PageRequest): Promise<Event[]> {
  const { page, to } = clausesOf(request);
  return eventsFrom(query, page('events'), to.values, request.fields);
}

/** @param through among how many events, the first in the order of the page */
function findAmongFirst(query: Query, request: PageRequest, through: number): Promise<Event[]> {
  const { inOrder, page, to } = clausesOf(request);
  const { filter, order, fields } = request;
  const first = inOrder('events', spanAlong(orders[order].columns, filter), through);
  const from = page(`(SELECT * FROM ${first}) AS events`);
  return eventsFrom(query, from, to.values, fields);
}

/** Among those that hold what is asked for; null where they are not few, or nothing is asked for that an index finds. */
async function findAmongFew(query: Query, request: PageRequest): Promise<Event[] | null> {
  const { page, to } = clausesOf(request);
  const { filter, fields } = request;
  const held = heldIn(filter);
  if (held === null) return null;
  const few = `SELECT * FROM events WHERE ${whereOf(held, to)} LIMIT ${mostFew + 1}`;
  const select = eventsSelect(page('few AS events'), fields, '(SELECT count(*) FROM few)');
  const rows = await query(`WITH few AS (${few}) ${select}`, to.values);
  return Number(rows[0]?.at(-1)) > mostFew ? null : eventsOf(rows, fields);
}

/**
 * The condition by which an index on what events hold finds those that may pass: one, as two would be read to their
 * ends. Null where there is none that there may be few of.
 */
function heldIn({ time: _, namespaces: __, ...filter }: Filter): Filter | null {
  const { ids, keys, tags = [], traits = [], ...others } = filter;
  if (ids !== undefined) return { ids };
  if (keys !== undefined) return { keys };
  // Where something else is asked for as well, that may be what is seldom.
  if (Object.keys(others).length > 0) return null;
  if (traits.length === 0) return tags.length > 0 ? { tags } : null;
  const [trait] = traits;
  return tags.length === 0 && traits.length === 1 && trait?.op === 'EQ' ? { traits } : null;
}

/** What a statement for a page is made of. */
interface Clauses {
  readonly to: Parameters;
  /** The rows of a source that pass a filter, between the places of the page and in its order: so many at most. */
  readonly inOrder: (source: string, wanted: Filter, most: number) => string;
  /** The rows of a source that are the page, and one more, which tells whether there are more. */
  readonly page: (source: string) => string;
}

function clausesOf(request: PageRequest): Clauses {
  const { filter, order, limit, after, before, fromEnd = false, skip = 0 } = request;
  const { columns, ascending } = orders[order];
  const to = new Parameters();
  const places = [
    ...(after ? [placed(columns, ascending ? '>' : '<', after, to)] : []),
    ...(before ? [placed(columns, ascending ? '<' : '>', before, to)] : []),
  ];
  const direction = ascending === fromEnd ? 'DESC' : 'ASC';
  const ordered = `ORDER BY ${columns.replace(',', ` ${direction},`)} ${direction}`;
  const inOrder = (source: string, wanted: Filter, most: number) =>
    `${source} WHERE ${[whereOf(wanted, to), ...places].join(' AND ')} ${ordered} LIMIT ${to.add(most, 'bigint')}`;
  const page = (source: string) =>
    `${inOrder(source, filter, limit + 1)} OFFSET ${to.add(skip, 'bigint')}`;
  return { to, inOrder, page };
}

/** As much of a filter as says where along an index to look. */
const spanAlong = (columns: string, { time }: Filter): Filter =>
  columns === 'index' || time === undefined ? everything : { time };

const placed = (columns: string, side: '<' | '>', { time, index }: Position, to: Parameters) =>
  columns === 'index'
    ? `index ${side} ${to.add(index, 'bigint')}`
    : `(time, index) ${side} (${to.instant(time)}, ${to.add(index, 'bigint')})`;

export async function countEvents(query: Query, filter: Filter): Promise<number> {
  const to = new Parameters();
  const [row] = await query(`SELECT count(*) FROM events WHERE ${whereOf(filter, to)}`, to.values);
  return Number(row?.[0]);
}

export async function eventsAfter(lookUp: Query, index: number, limit: number): Promise<Event[]> {
  const from = 'events WHERE index > $1 ORDER BY index LIMIT $2';
  return eventsFrom(lookUp, from, [index, limit]);
}
