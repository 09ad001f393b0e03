import type { Filter } from './filter.ts';

/**
 * A filter that holds where both hold. It stays flat where it can, because the store and the live feeds find the
 * conditions of a flat filter by their indexes.
 */
export function intersection(a: Filter, b: Filter): Filter {
  const shared = Object.keys(a).filter((name) => Object.hasOwn(b, name));
  if (shared.length === 0) return { ...a, ...b };
  if (shared.length === 1 && a.namespaces !== undefined && b.namespaces !== undefined) {
    const wanted = new Set(b.namespaces);
    return { ...a, ...b, namespaces: a.namespaces.filter((namespace) => wanted.has(namespace)) };
  }
  return { all: [a, b] };
}
