import { coerceInputValue, type GraphQLSchema, isInputType } from 'graphql';
import type { Filter } from '../event/filter.ts';
import { type FilterInput, parseFilter } from '../event/filter-input.ts';
import { InputError } from '../event/input-error.ts';

/** Two moments at which an expression that is relative to now means something different. */
const moments = [0, 86_400_000_000 * 400] as const;

/**
 * Parses the filter of a grant as the API parses an EventFilter: the input type coerces it, then the strings in it are
 * parsed.
 */
export function createGrantFilterParser(
  schema: GraphQLSchema,
  maxDepth: number,
): (filter: unknown, path: readonly string[]) => Filter {
  const type = schema.getType('EventFilter');
  if (!isInputType(type)) throw new Error('The schema has no EventFilter.');
  return (given, path) => {
    const input = coerceInputValue(given, type, (at, _value, error) => {
      throw new InputError([...path, ...at.map(String)], error.message);
    }) as FilterInput;
    const [filter, later] = moments.map((now) => parseFilter(input, { now, path, maxDepth }));
    if (JSON.stringify(filter) !== JSON.stringify(later)) {
      throw new InputError(path, 'Its times must be absolute: rights do not move with the clock.');
    }
    return filter as Filter;
  };
}
