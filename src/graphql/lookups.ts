import DataLoader from 'dataloader';
import type { Event } from '../event/event.ts';
import type { KnownType, Store } from '../store/store.ts';

/** Keys of one statement. */
const maxKeys = 1_000;

type Read<Value> = (store: Store, keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>;

/** Lookups of single objects that are asked for in one turn become one statement. Undefined where the store has nothing. */
function lookup<Value>(read: Read<Value>) {
  const loaders = new WeakMap<Store, DataLoader<string, Value | undefined>>();
  const loaderOf = (store: Store) => {
    const readAll = async (keys: readonly string[]) => {
      const found = await read(store, [...new Set(keys)]);
      return keys.map((key) => found.get(key));
    };
    const loader = new DataLoader(readAll, { cache: false, maxBatchSize: maxKeys });
    loaders.set(store, loader);
    return loader;
  };
  return (store: Store, key: string): Promise<Value | undefined> =>
    (loaders.get(store) ?? loaderOf(store)).load(key);
}

/** The event of an id. */
export const lookUpEvent = lookup(async (store, ids) => {
  const { events } = await store.page({ filter: { ids }, order: 'INDEX_DESC', limit: ids.length });
  return new Map(events.map((event): [string, Event] => [event.id, event]));
});

/** The actions that were reported in a category. */
export const lookUpActions = lookup(async (store, categories) =>
  actionsOf(await store.types(categories)),
);

function actionsOf(types: readonly KnownType[]): ReadonlyMap<string, readonly string[]> {
  const actions = new Map<string, string[]>();
  for (const { category, action } of types) {
    if (action === null) continue;
    const known = actions.get(category);
    if (known === undefined) actions.set(category, [action]);
    else known.push(action);
  }
  return actions;
}
