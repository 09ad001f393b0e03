import type { Event } from '../event/event.ts';
import type { Filter } from '../event/filter.ts';
import { intersection } from '../event/intersection.ts';
import type { AggregateRequest, Store } from '../store/store.ts';
import type { HiddenField } from './policy.ts';
import { Forbidden } from './principal.ts';
import type { Scope } from './scope.ts';

/** @throws Forbidden where nothing may be read, or the filter asks for fields that are hidden */
export function requireReadable(
  filter: Filter,
  { read, hidden }: Pick<Scope, 'read' | 'hidden'>,
): void {
  if (read === 'NONE') throw new Forbidden('READ');
  if (hidden.has('TRAITS') && asksForTraits(filter)) throw hiddenField('traits');
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

/** The event without the fields that a scope hides. */
export function withoutHidden(event: Event, hidden: ReadonlySet<HiddenField>): Event {
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
      return await store.reports(events.map(({ id }) => id));
    },
    firstIndex: () => store.firstIndex(),
    get storedIndex() {
      return store.storedIndex;
    },
    untilStored: (index, milliseconds) => store.untilStored(index, milliseconds),
    healthReason: () => store.healthReason(),
  };
}
