import type { IndexedReport } from '../event/completion.ts';
import type { Event } from '../event/event.ts';
import { everything, type Filter } from '../event/filter.ts';
import { intersection } from '../event/intersection.ts';
import type { AggregateRequest, Store } from '../store/store.ts';
import type { HiddenField } from './policy.ts';
import { Forbidden } from './principal.ts';
import type { Scope } from './scope.ts';

/** @throws Forbidden where nothing may be read, or the filter asks for fields that are hidden */
export function requireReadable(filter: Filter, scope: Pick<Scope, 'read' | 'hidden'>): void {
  if (scope.read === 'NONE') throw new Forbidden('READ');
  if (asksForHidden(filter, scope)) throw hiddenField('traits');
}

/** Whether a filter would say what hidden fields are. */
export const asksForHidden = (filter: Filter, { hidden }: Pick<Scope, 'hidden'>): boolean =>
  hidden.has('TRAITS') && asksForTraits(filter);

/** A filter for the events that match and that somebody may read, for what runs on its own: it matches none where there are none. */
export function readableBy({ read }: Pick<Scope, 'read'>, filter: Filter): Filter {
  if (read === 'ALL') return filter;
  return read === 'NONE' ? { not: everything } : { all: [filter, read] };
}

/** The filter that keeps to a scope: the events that were asked for, as far as they may be read. @throws Forbidden */
export function readable(filter: Filter, scope: Scope): Filter {
  const { read } = scope;
  requireReadable(filter, scope);
  return typeof read === 'string' ? filter : intersection(filter, read);
}

export const hiddenField = (name: string): Forbidden =>
  new Forbidden('READ', `You may read events, but not their ${name}.`);

const asksForTraits = ({ traits, all = [], any = [], not }: Filter): boolean =>
  traits !== undefined ||
  [...all, ...any].some(asksForTraits) ||
  (not !== undefined && asksForTraits(not));

/** The event, or a report of it, without the fields that a scope hides. */
export function withoutHidden<Shown extends Pick<Event, 'value' | 'raw' | 'traits' | 'message'>>(
  event: Shown,
  hidden: ReadonlySet<HiddenField>,
): Shown {
  if (hidden.size === 0) return event;
  return {
    ...event,
    ...(hidden.has('VALUE') && { value: null }),
    ...(hidden.has('RAW') && { raw: null }),
    ...(hidden.has('TRAITS') && { traits: [] }),
    ...(hidden.has('MESSAGE') && { message: null }),
  };
}

/** @throws Forbidden where statistics would reveal hidden fields */
function checkFigures({ measure, groupBy }: AggregateRequest, { hidden }: Scope): void {
  if (measure?.of === 'value' && hidden.has('VALUE')) throw hiddenField('value');
  const byTrait = measure?.of === 'trait' || groupBy.some(({ by }) => by === 'trait');
  if (byTrait && hidden.has('TRAITS')) throw hiddenField('traits');
}

/** The store as somebody with these rights sees it; the store itself where they may read everything. */
export function scopedStore(store: Store, scope: Scope): Store {
  if (scope.read === 'ALL' && scope.hidden.size === 0) return store;
  const within = (filter: Filter) => readable(filter, scope);
  const shown = (event: Event) => withoutHidden(event, scope.hidden);
  return {
    for: (caller) => scopedStore(store.for(caller), scope),
    async event(id) {
      if (scope.read === 'NONE') throw new Forbidden('READ');
      const event = await store.event(id);
      return event !== null && scope.mayRead(event) ? shown(event) : null;
    },
    async page(request) {
      const page = await store.page({ ...request, filter: within(request.filter) });
      return scope.hidden.size === 0 ? page : { ...page, events: page.events.map(shown) };
    },
    count: async (filter) => store.count(within(filter)),
    async aggregate(request) {
      checkFigures(request, scope);
      return await store.aggregate({ ...request, filter: within(request.filter) });
    },
    tags: async (request) => store.tags({ ...request, filter: within(request.filter) }),
    types: async (categories, filter = {}) => store.types(categories, within(filter)),
    async traitDescriptors(types, filter = {}) {
      if (scope.hidden.has('TRAITS')) throw hiddenField('traits');
      return await store.traitDescriptors(types, within(filter));
    },
    // Fewer than were asked for would mean that the store ends there.
    after: () => Promise.reject(new Forbidden('READ')),
    // Reports have no filter of their own: whether their event may be read decides.
    async reports(ids) {
      const { events } = await store.page({
        filter: within({ ids: [...ids] }),
        order: 'INDEX_ASC',
        limit: Math.max(ids.length, 1),
        fields: ['id'],
      });
      const reports = await store.reports(events.map(({ id }) => id));
      if (scope.hidden.size === 0) return reports;
      const kept = (each: IndexedReport): IndexedReport => ({
        ...each,
        report: withoutHidden(each.report, scope.hidden),
      });
      return new Map([...reports].map(([id, list]) => [id, list.map(kept)]));
    },
    firstIndex: () => store.firstIndex(),
    get storedIndex() {
      return store.storedIndex;
    },
    untilStored: (index, milliseconds) => store.untilStored(index, milliseconds),
    healthReason: () => store.healthReason(),
  };
}
