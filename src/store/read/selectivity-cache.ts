import type { Filter } from '../../event/filter.ts';

/** Dense: the first events fill a page. Sparse: few events pass in all. Unknown: between the two, for the planner. */
export type Selectivity = 'dense' | 'unknown' | 'sparse';

const maxAgeMs = 60_000;
const maxFilters = 1_000;
const maxFilterLength = 1_000;

/** Remembers the selectivity of filters, without their span of time. */
export class SelectivityCache {
  readonly #known = new Map<
    string,
    { readonly selectivity: Selectivity; readonly sinceMs: number }
  >();

  /**
   * The known selectivity; else a guess: ids and keys are sparse.
   */
  of(filter: Filter, nowMs = performance.now()): Selectivity {
    const known = this.#known.get(keyOf(filter));
    if (known !== undefined && nowMs - known.sinceMs < maxAgeMs) return known.selectivity;
    return filter.ids !== undefined || filter.keys !== undefined ? 'sparse' : 'dense';
  }

  /** Called when the selectivity differs from what `of` answered. */
  set(filter: Filter, selectivity: Selectivity, nowMs = performance.now()): void {
    const key = keyOf(filter);
    if (key.length > maxFilterLength) return;
    if (this.#known.size === maxFilters && !this.#known.has(key)) this.#known.clear();
    this.#known.set(key, { selectivity, sinceMs: nowMs });
  }
}

const keyOf = (filter: Filter): string => JSON.stringify({ ...filter, time: undefined });
