import type { Filter } from '../../event/filter.ts';

/** How many events pass a filter: so many that they fill a page soon, few in all, or something between. */
export type Selectivity = 'many' | 'some' | 'few';

/** How long it is remembered, in milliseconds, of how many filters, and how long a filter may be as text. */
const remembered = 60_000;
const mostRemembered = 1_000;
const longestFilter = 1_000;

/** What was found out about filters, whatever their span of time. */
export class SelectivityCache {
  readonly #known = new Map<string, { readonly frequency: Selectivity; readonly since: number }>();

  /**
   * What is known, or is to be thought as long as nothing is: of an id, or of a key, there are few.
   * @param now in milliseconds
   */
  of(filter: Filter, now = performance.now()): Selectivity {
    const known = this.#known.get(keyOf(filter));
    if (known !== undefined && now - known.since < remembered) return known.frequency;
    return filter.ids !== undefined || filter.keys !== undefined ? 'few' : 'many';
  }

  /** To be told what was found where it is not what was thought. */
  set(filter: Filter, frequency: Selectivity, now = performance.now()): void {
    const key = keyOf(filter);
    if (key.length > longestFilter) return;
    if (this.#known.size === mostRemembered && !this.#known.has(key)) this.#known.clear();
    this.#known.set(key, { frequency, since: now });
  }
}

const keyOf = (filter: Filter): string => JSON.stringify({ ...filter, time: undefined });
