import type { Event } from '../event/event.ts';
import type { Filter } from '../event/filter.ts';
import type { Query } from './connection.ts';
import { eventsOf, eventsSelect } from './event-rows.ts';
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

export async function findEvent(query: Query, id: string): Promise<Event | null> {
  const [event] = eventsOf(await query(eventsSelect('events WHERE id = $1::uuid'), [id]));
  return event ?? null;
}

/** One row more than asked for tells whether there are more. */
export async function findPage(query: Query, request: PageRequest): Promise<Page> {
  const { filter, order, limit, after, before, fromEnd = false, skip = 0, fields } = request;
  const { columns, ascending } = orders[order];
  const to = new Parameters();
  const conditions = [
    whereOf(filter, to),
    ...(after ? [placed(columns, ascending ? '>' : '<', after, to)] : []),
    ...(before ? [placed(columns, ascending ? '<' : '>', before, to)] : []),
  ];
  const direction = ascending === fromEnd ? 'DESC' : 'ASC';
  const from = `events WHERE ${conditions.join(' AND ')}
     ORDER BY ${columns.replace(',', ` ${direction},`)} ${direction}
     LIMIT ${to.add(limit + 1, 'bigint')} OFFSET ${to.add(skip, 'bigint')}`;
  const found = eventsOf(await query(eventsSelect(from, fields), to.values), fields);
  const events = found.slice(0, limit);
  return { events: fromEnd ? events.reverse() : events, more: found.length > limit };
}

const placed = (columns: string, side: '<' | '>', { time, index }: Position, to: Parameters) =>
  columns === 'index'
    ? `index ${side} ${to.add(index, 'bigint')}`
    : `(time, index) ${side} (${to.instant(time)}, ${to.add(index, 'bigint')})`;

export async function countEvents(query: Query, filter: Filter): Promise<number> {
  const to = new Parameters();
  const [row] = await query(`SELECT count(*) FROM events WHERE ${whereOf(filter, to)}`, to.values);
  return Number(row?.[0]);
}

export async function eventsAfter(query: Query, index: number, limit: number): Promise<Event[]> {
  const from = 'events WHERE index > $1 ORDER BY index LIMIT $2';
  return eventsOf(await query(eventsSelect(from), [index, limit]));
}
