import { length, split } from '../python/text.ts';
import { ConversionError, isDict, isInt, namesOf, typeName, type Value } from '../python/value.ts';
import { Datum, type Find, orNull } from './datum.ts';

/** Members by name, in the order of the names; a missing one is passed over. */
export function fields(names: readonly string[]): Find {
  const all = names.includes('*');
  return (from) => {
    const datum = orNull(from);
    const { value } = datum;
    if (!isDict(value)) return [];
    return (all ? namesOf(value) : names)
      .filter((name) => Object.hasOwn(value, name))
      .map((name) => new Datum(value[name] ?? null, datum, name));
  };
}

/** The member of a list or the character of a string; undefined where it is too short. @throws ConversionError */
export function elementAt(value: Value, at: number): Value | undefined {
  if (typeof value === 'string') return element([...value], at);
  if (Array.isArray(value)) return element(value, at);
  if (isDict(value)) {
    if (Object.keys(value).length <= at) return undefined;
    throw new ConversionError(`an object has no [${at}]`);
  }
  throw new ConversionError(`${typeName(value)} has no [${at}]`);
}

function element(list: readonly Value[], at: number): Value | undefined {
  if (list.length <= at) return undefined;
  const value = list.at(at);
  if (value === undefined) throw new ConversionError(`a list of ${list.length} has no [${at}]`);
  return value;
}

export function index(at: number): Find {
  return (from) => {
    const datum = orNull(from);
    const value = elementAt(datum.value, at);
    return value === undefined ? [] : [new Datum(value, datum, at)];
  };
}

/** Part of a list, or all of it; an object, a string or an integer counts as a list of one. */
export function slice(start: number | null, end: number | null): Find {
  return (from) => {
    const datum = orNull(from);
    const { value } = datum;
    const alone = isDict(value) || typeof value === 'string' || isInt(value);
    const list = alone ? datum.inList() : datum;
    if (!Array.isArray(list.value)) throw new ConversionError(`${typeName(value)} has no parts`);
    const first = begin(start, list.value.length);
    return list.value
      .slice(first, end ?? undefined)
      .map((part, offset) => new Datum(part, list, first + offset));
  };
}

const begin = (start: number | null, size: number): number =>
  start === null || start >= 0 ? (start ?? 0) : Math.max(0, size + start);

export function lengthOf(value: Value): number | undefined {
  if (typeof value === 'string') return length(value);
  if (Array.isArray(value)) return value.length;
  return isDict(value) ? Object.keys(value).length : undefined;
}

/** One part of a string; undefined for other values, and where there are fewer parts. */
export function segmentOf(
  value: Value,
  separator: string,
  segment: number,
  most: number,
): string | undefined {
  return typeof value === 'string' ? split(value, separator, most)[segment] : undefined;
}

/** A step whose match, if there is one, is new and has no path in the document. */
export const made =
  (make: (value: Value) => Value | undefined): Find =>
  (from) => {
    const value = make(orNull(from).value);
    return value === undefined ? [] : [new Datum(value)];
  };
