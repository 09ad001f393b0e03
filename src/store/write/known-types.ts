import type { Event, TraitType } from '../../event/event.ts';
import { fitsIndex } from '../../event/text.ts';

/** How many types and traits are remembered as stored, before all are forgotten. */
const capacity = 50_000;

interface KnownType {
  readonly namespace: string;
  readonly category: string;
  /** Empty where the type is a category alone. */
  readonly action: string;
}

interface SeenTrait extends KnownType {
  readonly event_type: string;
  readonly name: string;
  readonly type: TraitType;
}

/** Rows for event_types and event_traits. */
export interface News {
  readonly types: readonly KnownType[];
  readonly traits: readonly SeenTrait[];
}

/** Which types and traits the database has for certain, so that only what may be new is written. */
export class KnownTypes {
  /** By namespace, category, action and name of the trait. Asked for every event: no key is put together for it. */
  readonly #seen = new Map<string, Map<string, Map<string, Map<string, TraitType[]>>>>();
  #count = 0;

  /** The types and traits that may be new; null for none. Traits whose names are too long for the catalogue are left out. */
  newsIn(events: Iterable<Event>): News | null {
    const types = new Map<string, KnownType>();
    const traits = new Map<string, SeenTrait>();
    for (const event of events) {
      const { namespace, category } = event;
      const type = { namespace, category, action: event.action ?? '' };
      const seen = this.#seen.get(namespace)?.get(category)?.get(type.action);
      if (seen === undefined && fitsIndex(namespace + event.type)) {
        types.set(Object.values(type).join('\0'), type);
      }
      for (const trait of event.traits) {
        const known = seen?.get(trait.name)?.includes(trait.type);
        // They share an entry of event_traits' index.
        if (known || !fitsIndex(namespace + event.type + trait.name)) continue;
        const found = { ...type, event_type: event.type, name: trait.name, type: trait.type };
        traits.set(Object.values(found).join('\0'), found);
      }
    }
    if (types.size + traits.size === 0) return null;
    return { types: [...types.values()], traits: [...traits.values()] };
  }

  /** Called after the news were stored. */
  add({ types, traits }: News): void {
    if (this.#count > capacity) {
      this.#seen.clear();
      this.#count = 0;
    }
    for (const type of types) this.#traitsOf(type);
    for (const trait of traits) {
      const names = this.#traitsOf(trait);
      names.set(trait.name, [...(names.get(trait.name) ?? []), trait.type]);
    }
    this.#count += types.length + traits.length;
  }

  #traitsOf({ namespace, category, action }: KnownType): Map<string, TraitType[]> {
    return within(within(within(this.#seen, namespace), category), action);
  }
}

/** The map in a map, made where there is none. */
function within<Key, Inner>(outer: Map<string, Map<Key, Inner>>, name: string): Map<Key, Inner> {
  const inner = outer.get(name) ?? new Map<Key, Inner>();
  outer.set(name, inner);
  return inner;
}
