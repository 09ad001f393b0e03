import type { Filter } from '../event/filter.ts';

/** How many events pass a filter: so many that they fill a page soon, few in all, or something between. */
export type Frequency = 'many' | 'some' | 'few';

/** How long it is remembered, in milliseconds, and of how many filters. */
const remembered = 60_000;
const mostRemembered = 1_000;

/** What was found out about filters, whatever their span of time. */
export class FilterFrequencies {
  readonly #known = new Map<string, { readonly frequency: Frequency; readonly since: number }>();

  /**
   * Of one id, or of one key, there are few until the contrary is known; anything else may be frequent.
   * @param now in milliseconds
   */
  of(filter: Filter, now = performance.now()): Frequency {
    const known = this.#known.get(keyOf(filter));
    if (known !== undefined && now - known.since < remembered) return known.frequency;
    return filter.ids !== undefined || filter.keys !== undefined ? 'few' : 'many';
  }

  set(filter: Filter, frequency: Frequency, now = performance.now()): void {
    if (this.#known.size === mostRemembered) this.#known.clear();
    this.#known.set(keyOf(filter), { frequency, since: now });
  }
}

const keyOf = (filter: Filter): string => JSON.stringify({ ...filter, time: undefined });
