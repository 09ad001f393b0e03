import { complete } from '../event/completion.ts';
import type { Event, Instant } from '../event/event.ts';
import { everything, type Filter } from '../event/filter.ts';
import type { EventField, Store } from '../store/store.ts';

const pageSize = 1_000;
/** How far the clocks of gateways differ at most. */
const clockSkewMicros = 5 * 60_000_000;

/** Every field that evaluating needs. */
const fields: readonly EventField[] = [
  'id',
  'index',
  'time',
  'namespace',
  'category',
  'action',
  'type',
  'severity',
  'key',
  'service',
  'instance',
  'endpoint',
  'node',
  'component',
  'plane',
  'layer',
  'filterKeys',
  'tags',
  'traits',
  'value',
  'endTime',
  'recordedAt',
  'dialect',
];

/** The changes after an index, in order, and what their events were at that index. */
export interface StoredChanges {
  readonly before: readonly Event[];
  readonly changes: readonly Event[];
  /** Everything up to here is in them. */
  readonly upTo: number;
}

/**
 * Reads what the store knows of the changes after an index: an event that was reported several times since makes several
 * changes. Exact where fewer events than the limit have changed; else a change whose event changed again beyond the
 * limit comes with that later one.
 */
export async function readChanges(
  store: Store,
  after: number,
  { limit, signal }: { readonly limit: number; readonly signal: AbortSignal },
): Promise<StoredChanges> {
  const { storedIndex } = store;
  const before: Event[] = [];
  const changes: Event[] = [];
  let upTo = after;
  for (let isMore = true; isMore && changes.length < limit && !signal.aborted; ) {
    const page = await store.page({
      filter: everything,
      order: 'INDEX_ASC',
      after: { time: 0, index: upTo },
      limit: pageSize,
      fields: ['id', 'index'],
    });
    for (const states of await statesOf(store, page.events)) {
      before.push(...states.filter(({ index }) => index <= after).slice(-1));
      changes.push(...states.filter(({ index }) => index > after));
    }
    isMore = page.more;
    upTo = page.events.at(-1)?.index ?? upTo;
    if (!isMore) upTo = Math.max(upTo, storedIndex);
  }
  return {
    before,
    changes: changes.filter(({ index }) => index <= upTo).sort((a, b) => a.index - b.index),
    upTo,
  };
}

/** The states of each event, one after each of its reports, in order. */
export async function statesOf(
  store: Pick<Store, 'reports'>,
  events: readonly Pick<Event, 'id'>[],
): Promise<readonly (readonly Event[])[]> {
  const reports = await store.reports(events.map(({ id }) => id));
  return [...reports.values()].map((known) => {
    const inOrder = known.toSorted((a, b) => a.index - b.index);
    return inOrder.map((_, at) => complete(inOrder.slice(0, at + 1)));
  });
}

/** Events that match, in index order, among those up to an index. */
export async function* readMatching(
  store: Store,
  filter: Filter,
  { after, upTo }: { readonly after: number; readonly upTo: number },
): AsyncGenerator<Event> {
  for (let index = after; ; ) {
    const page = await store.page({
      filter,
      order: 'INDEX_ASC',
      after: { time: 0, index },
      before: { time: 0, index: upTo + 1 },
      limit: pageSize,
      fields,
    });
    yield* page.events;
    index = page.events.at(-1)?.index ?? index;
    if (!page.more) return;
  }
}

/** The latest event that matches, by its time; null where none does. */
export async function latestMatching(
  store: Store,
  filter: Filter,
  upTo: number,
): Promise<Event | null> {
  const { events } = await store.page({ filter, order: 'TIME_DESC', limit: 1, fields });
  const [event] = events;
  return event !== undefined && event.index <= upTo ? event : null;
}

/**
 * An index after which is everything that is about this moment or later.
 * @param futureMicros how far ahead of its arrival an event may lie
 */
export async function indexBefore(
  store: Store,
  moment: Instant,
  futureMicros: number,
): Promise<number> {
  const recordedSince = moment - futureMicros - clockSkewMicros;
  let low = (await store.firstIndex()) ?? 0;
  let high = store.storedIndex;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const { events } = await store.page({
      filter: everything,
      order: 'INDEX_ASC',
      after: { time: 0, index: middle },
      limit: 1,
      fields: ['index', 'recordedAt'],
    });
    const [first] = events;
    if (first === undefined || first.recordedAt >= recordedSince) high = middle;
    else low = Math.max(middle + 1, first.index);
  }
  return low;
}
