import { equals, less, order } from '../python/compare.ts';
import { ConversionError, isDict, namesOf, typeName, type Value } from '../python/value.ts';
import { Datum, type Find, present } from './datum.ts';

type Key = readonly [path: Find, descending: boolean];

/** A sorted list, as one match. Without keys an object gives its member names in order. */
export function sort(keys: readonly Key[] | null): Find {
  return (from) => {
    const { value } = present(from);
    if (Array.isArray(value)) {
      return [new Datum(value.toSorted(keys === null ? order : byKeys(keys)))];
    }
    if (isDict(value) && keys === null) return [new Datum(namesOf(value).toSorted(order))];
    throw new ConversionError(`${typeName(value)} cannot be sorted`);
  };
}

/** A key that an entry has not once decides nothing. */
const byKeys =
  (keys: readonly Key[]) =>
  (left: Value, right: Value): number => {
    for (const [path, descending] of keys) {
      const a = only(path, left);
      const b = only(path, right);
      if (a === undefined || b === undefined || equals(a, b)) continue;
      return less(a, b) === descending ? 1 : -1;
    }
    return 0;
  };

function only(path: Find, value: Value): Value | undefined {
  const found = path(new Datum(value));
  return found.length === 1 ? present(found[0] ?? null).value : undefined;
}
