import type { Event } from '../event/event.ts';
import type { Filter } from '../event/filter.ts';
import type { EventField, EventOrder, PageRequest, Store } from '../store/store.ts';
import { cursorOf, positionOf } from './cursor.ts';
import { pageSize } from './page-size.ts';

const defaultPageSize = 30;
const maxPageSize = 1_000;

export interface ConnectionArguments {
  readonly filter: Filter;
  readonly orderBy: EventOrder;
  /** The fields that are selected of the events. */
  readonly fields: readonly EventField[];
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

interface LoadedPage {
  readonly events: readonly Event[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

/** A page that is read only where a field of it is selected, and a count that is counted only where it is selected. */
export class EventConnection {
  readonly #store: Store;
  readonly #request: PageRequest;
  /** Set where both first and last were given: the number of events at the end of the first page. */
  readonly #keepLast: number | null;
  #page: Promise<LoadedPage> | undefined;

  /** @throws InputError for a bad cursor or page size */
  constructor(store: Store, { filter, orderBy, fields, ...args }: ConnectionArguments) {
    const size = (argument: 'first' | 'last') =>
      pageSize(args[argument] ?? defaultPageSize, { argument, max: maxPageSize });
    const last = size('last');
    const first = args.first == null && args.last != null ? last : size('first');
    const fromEnd = args.first == null && args.last != null;
    this.#store = store;
    this.#keepLast = args.first != null && args.last != null ? last : null;
    this.#request = {
      filter,
      fields,
      order: orderBy,
      limit: first,
      fromEnd,
      ...(args.after != null && { after: positionOf(args.after, orderBy, 'after') }),
      ...(args.before != null && { before: positionOf(args.before, orderBy, 'before') }),
    };
  }

  get order(): EventOrder {
    return this.#request.order;
  }

  page(): Promise<LoadedPage> {
    this.#page ??= this.#load();
    return this.#page;
  }

  totalCount(): Promise<number> {
    return this.#store.count(this.#request.filter);
  }

  cursor(event: Event): string {
    return cursorOf(this.order, event);
  }

  async #load(): Promise<LoadedPage> {
    const { limit, fromEnd, after, before } = this.#request;
    // An empty page still says whether there are events.
    const page = await this.#store.page({ ...this.#request, limit: Math.max(limit, 1) });
    const events = page.events.slice(0, limit);
    const more = page.more || events.length < page.events.length;
    const kept = this.#keepLast === null ? events : lastOf(events, this.#keepLast);
    return fromEnd === true
      ? { events: kept, hasPreviousPage: more, hasNextPage: before !== undefined }
      : {
          events: kept,
          hasNextPage: more,
          hasPreviousPage: after !== undefined || kept.length < events.length,
        };
  }
}

const lastOf = (events: readonly Event[], count: number): readonly Event[] =>
  events.slice(Math.max(0, events.length - count));
