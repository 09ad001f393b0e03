import { everything, type Filter } from '../event/filter.ts';

/** Everything of a kind, nothing of it, or the events that match. */
export type Extent = 'ALL' | 'NONE' | Filter;

/** What is allowed and not denied, in a form that is equal for equal lists in any order. */
export function difference(allowed: readonly Filter[], denied: readonly Filter[]): Extent {
  if (allowed.length === 0 || denied.some(isEverything)) return 'NONE';
  const all = allowed.some(isEverything);
  if (denied.length === 0) return all ? 'ALL' : union(allowed);
  const not = { not: union(denied) };
  return all ? not : { all: [union(allowed), not] };
}

export const isEverything = (filter: Filter): boolean => Object.keys(filter).length === 0;

function union(filters: readonly Filter[]): Filter {
  const merged = distinct(mergedNamespaces(filters));
  const [only = everything] = merged;
  return merged.length === 1 ? only : { any: merged };
}

/** Namespaces of several grants are one list, which an index serves. */
function mergedNamespaces(filters: readonly Filter[]): readonly Filter[] {
  const plain = filters.filter(
    ({ namespaces, ...others }) => namespaces !== undefined && isEverything(others),
  );
  if (plain.length < 2) return filters;
  const namespaces = [...new Set(plain.flatMap((filter) => filter.namespaces ?? []))].sort();
  return [{ namespaces }, ...filters.filter((filter) => !plain.includes(filter))];
}

function distinct(filters: readonly Filter[]): readonly Filter[] {
  const byText = new Map(filters.map((filter) => [JSON.stringify(filter), filter]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, filter]) => filter);
}
