import type { EventFilter, TraitValue } from '../client/schema.generated.ts';
import { termsOfFilter } from '../filter-text/from-filter.ts';
import { parseFilterText } from '../filter-text/parse.ts';
import { printFilterText } from '../filter-text/print.ts';
import { FilterTextError, type Term } from '../filter-text/term.ts';
import { filterOfTerms } from '../filter-text/to-filter.ts';
import { type TimeRange, timeOf } from './time-range.ts';

/** A filter string, read. */
export type ReadFilter =
  | { readonly filter: EventFilter; readonly fault: null }
  | { readonly filter: null; readonly fault: string };

/** @throws FilterTextError */
export const readFilterText = (text: string): EventFilter => filterOfTerms(parseFilterText(text));

/** The filter string of one of the API's filters. */
export const filterText = (filter: EventFilter): string => printFilterText(termsOfFilter(filter));

export function readFilter(text: string): ReadFilter {
  try {
    return { filter: readFilterText(text), fault: null };
  } catch (error) {
    if (error instanceof FilterTextError) return { filter: null, fault: error.message };
    throw error;
  }
}

/** The events of a filter within a range, by the time when they happened. */
export function filterWithin(filter: EventFilter, range: TimeRange): EventFilter {
  const time = timeOf(range);
  return filter.time == null ? { ...filter, time } : { all: [filter], time };
}

/** A value that was clicked in or out. */
export type Clicked =
  | { readonly field: string; readonly value: string }
  | { readonly trait: string; readonly value: TraitValue };

/** The filter string with a value required or excluded; an earlier word about the same value goes. */
export function withClicked(text: string, clicked: Clicked, negated: boolean): string {
  const term = termOf(clicked, negated);
  const printed = printFilterText([term]);
  const opposite = printFilterText([{ ...term, negated: !negated }]);
  try {
    const others = parseFilterText(text).filter((other) => {
      const shown = printFilterText([other]);
      return shown !== printed && shown !== opposite;
    });
    return printFilterText([...others, term]);
  } catch (error) {
    if (error instanceof FilterTextError) return printed;
    throw error;
  }
}

function termOf(clicked: Clicked, negated: boolean): Term {
  if ('trait' in clicked) {
    const { trait: name, value } = clicked;
    return { kind: 'TRAIT', negated, name, op: 'EQ', values: [value] };
  }
  return { kind: 'FIELD', negated, field: clicked.field, values: [clicked.value] };
}
