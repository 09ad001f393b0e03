import type { Instant } from '../../event/event.ts';
import type { Filter } from '../../event/filter.ts';
import { storable } from '../../event/text.ts';
import { parseTimeRange } from '../../event/time-expression.ts';
import type { Measure } from '../../store/store.ts';
import { emptyTagTrait } from './decode.ts';
import type { VampQuery } from './query-reader.ts';
import { VampError } from './vamp-error.ts';

/** In place of a namespace: all of them. Ours, not Vamp's. */
export const everyNamespace = '*';

/** Tags of a query; an event has fewer. */
const maxTags = 1_000;
/** Characters of a tag, a type, a namespace or a field. */
const maxText = 1_024;

/** A text of a query as it can be kept, and so as it can be found. @throws VampError */
function asked(text: string, name: string): string {
  if (text.length > maxText) {
    throw new VampError(`${name} has ${text.length} characters: at most ${maxText} are allowed.`);
  }
  const kept = storable(text);
  if (kept !== null) return kept;
  throw new VampError(`${name} holds the character NUL (U+0000), which no event has.`);
}

/** Tags are compared as they are, never expanded; all of them must be there, and the type as it is written. @throws VampError */
export function filterOf(
  { tags, type }: Pick<VampQuery, 'tags' | 'type'>,
  namespace: string,
): Filter {
  if (tags.length > maxTags) {
    throw new VampError(`A query has at most ${maxTags} tags, got ${tags.length}.`);
  }
  const named = tags.filter((tag) => tag !== '').map((tag) => asked(tag, 'A tag'));
  const wantsEmpty = named.length < tags.length;
  return {
    ...(namespace !== everyNamespace && { namespaces: [asked(namespace, 'The namespace')] }),
    ...(named.length > 0 && { tags: named }),
    ...(wantsEmpty && { traits: [{ name: emptyTagTrait, op: 'EXISTS' }] }),
    ...(type !== null && { types: exactly(asked(type, 'The type')) }),
  };
}

/** @throws InputError where a bound of the time range is no time */
export function queryFilterOf(query: VampQuery, namespace: string, now: Instant): Filter {
  const filter = filterOf(query, namespace);
  if (query.timestamp === null) return filter;
  return { ...filter, time: parseTimeRange(query.timestamp, now, ['timestamp']) };
}

/**
 * What an aggregator's field names. Vamp keeps the value of an event a second time under the name of its
 * type, so that `metrics` is the value of the events of type metrics and `metrics.response.time` a number
 * within it. Without a field, and with `value`, it is the value of all that match. Where the query's type is
 * not the first word, the field is a path within the value. @throws VampError
 */
export function measureOf(
  field: string | null,
  query: VampQuery,
  filter: Filter,
): { readonly measure: Measure; readonly filter: Filter } {
  const name = asked(field ?? 'value', 'The field');
  const [first = '', ...rest] = name.split('.');
  if (first === 'value') return { measure: valueAt(rest), filter };
  if (query.type === null) {
    return { measure: valueAt(rest), filter: { ...filter, types: exactly(first) } };
  }
  const path = within(name, query.type);
  return { measure: valueAt(path ?? [first, ...rest]), filter };
}

/** The path behind the type's name: null where the field does not begin with it. */
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
