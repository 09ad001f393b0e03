import type { Event } from '../event/event.ts';
import type { Filter } from '../event/filter.ts';
import { intersection } from '../event/intersection.ts';
import type { Store } from '../store/store.ts';
import type { HiddenField } from './policy.ts';
import { Forbidden } from './principal.ts';
import type { Scope } from './scope.ts';

/** The filter that keeps to a scope: what was asked for, where it may be read. @throws Forbidden */
export function readable(filter: Filter, { read }: Scope): Filter {
  if (read === 'NONE') throw new Forbidden('READ');
  return read === 'ALL' ? filter : intersection(filter, read);
}

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

/** The store as somebody with these rights sees it; the store itself where they may read everything. */
export function scopedStore(store: Store, scope: Scope): Store {
  if (scope.read === 'ALL' && scope.hidden.size === 0) return store;
  const within = (filter: Filter) => readable(filter, scope);
  const shown = (event: Event) => withoutHidden(event, scope.hidden);
  return {
    for: (caller) => scopedStore(store.for(caller), scope),
    async event(id) {
      const event = await store.event(id);
      return event !== null && scope.mayRead(event) ? shown(event) : null;
    },
    async page(request) {
      const page = await store.page({ ...request, filter: within(request.filter) });
      return scope.hidden.size === 0 ? page : { ...page, events: page.events.map(shown) };
    },
    count: async (filter) => store.count(within(filter)),
    aggregate: async (request) => store.aggregate({ ...request, filter: within(request.filter) }),
    tags: async (request) => store.tags({ ...request, filter: within(request.filter) }),
    types: async (categories, filter = {}) => store.types(categories, within(filter)),
    traitDescriptors: async (types, filter = {}) =>
      scope.hidden.has('TRAITS') ? [] : store.traitDescriptors(types, within(filter)),
    after: async (index, limit) =>
      (await store.after(index, limit)).filter(scope.mayRead).map(shown),
    reports: (ids) => store.reports(ids),
    firstIndex: () => store.firstIndex(),
    get storedIndex() {
      return store.storedIndex;
    },
    untilStored: (index, milliseconds) => store.untilStored(index, milliseconds),
    healthReason: () => store.healthReason(),
  };
}
