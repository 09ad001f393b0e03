import type { Instant } from '../../event/event.ts';
import type { Filter } from '../../event/filter.ts';
import { storable } from '../../event/text.ts';
import { parseTimeRange } from '../../event/time-expression.ts';
import type { Measure } from '../../store/store.ts';
import { emptyTagTrait } from './decode.ts';
import type { VampQuery } from './query-reader.ts';
import { VampError } from './vamp-error.ts';

/** Instead of a namespace: all of them. An addition of ours. */
export const everyNamespace = '*';

/** Tags of a query: more than an event can have. */
const maxTags = 1_000;
/** Characters of a tag, a type, a namespace or a field. */
const maxCharacters = 1_024;

/** A string of a query in the form in which the store keeps strings. @throws VampError */
function storedForm(text: string, name: string): string {
  if (text.length > maxCharacters) {
    throw new VampError(
      `${name} has ${text.length} characters: at most ${maxCharacters} are allowed.`,
    );
  }
  const kept = storable(text);
  if (kept !== null) return kept;
  throw new VampError(`${name} holds the character NUL (U+0000), which no event has.`);
}

/** An event must have all of the tags, which are not expanded, and exactly the type. @throws VampError */
export function filterOf(
  { tags, type }: Pick<VampQuery, 'tags' | 'type'>,
  namespace: string,
): Filter {
  if (tags.length > maxTags) {
    throw new VampError(`A query has at most ${maxTags} tags, got ${tags.length}.`);
  }
  const named = tags.filter((tag) => tag !== '').map((tag) => storedForm(tag, 'A tag'));
  const wantsEmpty = named.length < tags.length;
  return {
    ...(namespace !== everyNamespace && { namespaces: [storedForm(namespace, 'The namespace')] }),
    ...(named.length > 0 && { tags: named }),
    ...(wantsEmpty && { traits: [{ name: emptyTagTrait, op: 'EXISTS' }] }),
    ...(type !== null && { types: exactly(storedForm(type, 'The type')) }),
  };
}

/** @throws InputError where a bound of the time range is not a time */
export function queryFilterOf(query: VampQuery, namespace: string, now: Instant): Filter {
  const filter = filterOf(query, namespace);
  if (query.timestamp === null) return filter;
  return { ...filter, time: parseTimeRange(query.timestamp, now, ['timestamp']) };
}

/**
 * The measure that an aggregator's field names. Vamp also keeps an event's value under the name of its type: `metrics`
 * is the value of events of type metrics, and `metrics.response.time` a number within it. No field, and `value`, mean
 * the value of all matching events. A field that does not begin with the query's type is a path within the value.
 * @throws VampError
 */
export function measureOf(
  field: string | null,
  query: VampQuery,
  filter: Filter,
): { readonly measure: Measure; readonly filter: Filter } {
  const name = storedForm(field ?? 'value', 'The field');
  const [first = '', ...rest] = name.split('.');
  if (first === 'value') return { measure: valueAt(rest), filter };
  if (query.type === null) {
    return { measure: valueAt(rest), filter: { ...filter, types: exactly(first) } };
  }
  const path = within(name, query.type);
  return { measure: valueAt(path ?? [first, ...rest]), filter };
}

/** The path after the type's name; null where the field does not begin with it. */
function within(field: string, type: string): string[] | null {
  // Elasticsearch knows the type in lower case.
  const [name, wanted] = [field.toLowerCase(), type.toLowerCase()];
  if (name === wanted) return [];
  return name.startsWith(`${wanted}.`) ? field.slice(type.length + 1).split('.') : null;
}

const valueAt = (path: readonly string[]): Measure => ({ of: 'value', path });

const exactly = (type: string): NonNullable<Filter['types']> => ({
  exact: [type],
  globs: [],
  notExact: [],
  notGlobs: [],
});
