import type { Event } from '../event/event.ts';
import { everything, type Filter } from '../event/filter.ts';
import type { Connection, Query } from './connection.ts';
import { eventsOf, eventsSelect } from './event-rows.ts';
import type { RareFilters } from './rare-filters.ts';
import type { EventOrder, Page, PageRequest, Position } from './store.ts';
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

export async function findEvent(lookUp: Query, id: string): Promise<Event | null> {
  const [event] = eventsOf(await lookUp(eventsSelect('events WHERE id = $1::uuid'), [id]));
  return event ?? null;
}

/** Events that are looked through for each that is wanted, before the filter is planned for. */
const lookedThrough = 10;

/** For more, planning is the smaller part. */
const mostLookedThrough = 1_000;

/**
 * Most pages are filled by the first events in their order, and these are looked through in less time than planning for
 * a filter takes. It is planned for where they do not fill the page, and from then on.
 */
export async function findPage(
  { read, lookUp }: Pick<Connection, 'read' | 'lookUp'>,
  rare: RareFilters,
  request: PageRequest,
): Promise<Page> {
  const { filter, limit, skip = 0, fromEnd = false } = request;
  const through = lookedThrough * (skip + limit);
  let found: Event[] = [];
  if (through <= mostLookedThrough && !rare.has(filter)) {
    found = await findRows(lookUp, request, through);
    if (found.length <= limit) rare.add(filter);
  }
  if (found.length <= limit) found = await findRows(read, request, null);
  const events = found.slice(0, limit);
  return { events: fromEnd ? events.reverse() : events, more: found.length > limit };
}

/**
 * A row more than asked for, which tells whether there are more.
 * @param through among how many events, the first in the order of the page; null for all
 */
async function findRows(
  query: Query,
  request: PageRequest,
  through: number | null,
): Promise<Event[]> {
  const { filter, order, limit, after, before, fromEnd = false, skip = 0, fields } = request;
  const { columns, ascending } = orders[order];
  const to = new Parameters();
  const places = [
    ...(after ? [placed(columns, ascending ? '>' : '<', after, to)] : []),
    ...(before ? [placed(columns, ascending ? '<' : '>', before, to)] : []),
  ];
  const direction = ascending === fromEnd ? 'DESC' : 'ASC';
  const ordered = `ORDER BY ${columns.replace(',', ` ${direction},`)} ${direction}`;
  const rows = (source: string, wanted: Filter, most: number) =>
    `${source} WHERE ${[whereOf(wanted, to), ...places].join(' AND ')} ${ordered} LIMIT ${to.add(most, 'bigint')}`;
  const source =
    through === null
      ? 'events'
      : `(SELECT * FROM ${rows('events', spanAlong(columns, filter), through)}) AS events`;
  const from = `${rows(source, filter, limit + 1)} OFFSET ${to.add(skip, 'bigint')}`;
  return eventsOf(await query(eventsSelect(from, fields), to.values), fields);
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
  return eventsOf(await lookUp(eventsSelect(from), [index, limit]));
}
