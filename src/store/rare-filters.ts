import type { Filter } from '../event/filter.ts';

/** How long a filter counts as rare, in milliseconds, and how many are remembered. */
const remembered = 60_000;
const mostRemembered = 1_000;

/** Filters, whatever their span of time, that few events pass. Of an id, or of a key, there are always few. */
export class RareFilters {
  readonly #since = new Map<string, number>();

  /** @param now in milliseconds */
  has(filter: Filter, now = performance.now()): boolean {
    if (filter.ids !== undefined || filter.keys !== undefined) return true;
    const since = this.#since.get(keyOf(filter));
    return since !== undefined && now - since < remembered;
  }

  add(filter: Filter, now = performance.now()): void {
    if (this.#since.size === mostRemembered) this.#since.clear();
    this.#since.set(keyOf(filter), now);
  }
}

const keyOf = (filter: Filter): string => JSON.stringify({ ...filter, time: undefined });
