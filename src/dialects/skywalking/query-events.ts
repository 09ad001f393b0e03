import type { Event } from '../../event/event.ts';
import { maxSkip, type PageRequest, type Store } from '../../store/store.ts';
import { type EventQueryCondition, filterOf, rowsOf } from './condition.ts';
import { endedAlone } from './decode.ts';
import { type AnsweredEvent, answerOf } from './encode.ts';
import { QueryError } from './query-error.ts';

const storePage = 1_000;
const maxRows = 10_000;

/** One page of the events that match a condition, each completed by all its reports. @throws QueryError, Unavailable */
export async function queryEvents(
  store: Store,
  condition: EventQueryCondition | null | undefined,
): Promise<AnsweredEvent[]> {
  if (!condition) throw new QueryError('condition is required.');
  const filter = filterOf(condition);
  const { offset, limit } = rowsOf(condition.paging);
  if (offset > maxSkip || limit > maxRows) {
    throw new QueryError(
      `paging reaches too far: at most ${maxSkip} events can be skipped and ${maxRows} answered; narrow the time.`,
    );
  }
  const order = condition.order === 'ASC' ? 'TIME_ASC' : 'TIME_DESC';
  const events = await rows(store, { filter, order, skip: offset }, limit);
  const ids = events.filter(endedAlone).map(({ id }) => id);
  const parts = ids.length === 0 ? new Map() : await store.reports(ids);
  return events.map((event) => answerOf(event, parts.get(event.id) ?? []));
}

/** Reads the wanted number of events in pages of the store. */
async function rows(
  store: Store,
  request: Omit<PageRequest, 'limit'>,
  wanted: number,
): Promise<readonly Event[]> {
  const found: Event[] = [];
  let next: Omit<PageRequest, 'limit'> = request;
  while (found.length < wanted) {
    const limit = Math.min(wanted - found.length, storePage);
    const { events, more } = await store.page({ ...next, limit });
    found.push(...events);
    const last = events.at(-1);
    if (!more || last === undefined) break;
    next = { filter: request.filter, order: request.order, after: last };
  }
  return found;
}
