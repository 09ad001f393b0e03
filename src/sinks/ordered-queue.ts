/** How deliveries are ordered: one after another for each key, for all events, or not at all. */
export const sinkOrders = ['KEY', 'STRICT', 'NONE'] as const;
export type SinkOrder = (typeof sinkOrders)[number];

/** What waits in a queue: those of one key go one after another. */
export interface Ordered {
  readonly key: string;
  readonly index: number;
  /** Never taken together with others. */
  readonly alone: boolean;
}

/** Entries in the order of their keys: of each key one batch is under way at a time. */
export class OrderedQueue<Entry extends Ordered> {
  readonly #chains = new Map<string, Entry[]>();
  /** Keys that have an entry and none under way, the longest waiting first. */
  readonly #ready = new Set<string>();
  #size = 0;

  /** Entries that are not under way. */
  get size(): number {
    return this.#size;
  }

  add(entry: Entry): void {
    this.#chainOf(entry.key).push(entry);
    this.#size += 1;
  }

  /** Adds what goes before everything of its key that is not under way. */
  addFirst(entry: Entry): void {
    this.#chainOf(entry.key).unshift(entry);
    this.#size += 1;
  }

  /** Takes up to `max` entries that may go now, in index order; empty where none may. Their keys wait until done or putBack. */
  take(max: number): readonly Entry[] {
    const taken: Entry[] = [];
    for (const key of this.#ready) {
      const chain = this.#chains.get(key) ?? [];
      const [first] = chain;
      if (first === undefined || (first.alone && taken.length > 0)) continue;
      this.#ready.delete(key);
      taken.push(...chain.splice(0, first.alone ? 1 : lengthOfBatch(chain, max - taken.length)));
      if (first.alone || taken.length >= max) break;
    }
    this.#size -= taken.length;
    return taken.sort((a, b) => a.index - b.index);
  }

  /** The entries are settled: the next of their keys may go. */
  done(entries: readonly Entry[]): void {
    for (const key of new Set(entries.map((entry) => entry.key))) this.#free(key);
  }

  /** The entries have to go again, before the others of their keys and after those of other keys. */
  putBack(entries: readonly Entry[]): void {
    for (const entry of entries.toReversed()) this.#chains.get(entry.key)?.unshift(entry);
    this.#size += entries.length;
    this.done(entries);
  }

  #chainOf(key: string): Entry[] {
    let chain = this.#chains.get(key);
    if (chain === undefined) {
      chain = [];
      this.#chains.set(key, chain);
      this.#ready.add(key);
    }
    return chain;
  }

  #free(key: string): void {
    if ((this.#chains.get(key)?.length ?? 0) === 0) this.#chains.delete(key);
    else this.#ready.add(key);
  }
}

/** How many entries of a chain may go together: those before the next that must go alone. */
function lengthOfBatch(chain: readonly Ordered[], max: number): number {
  const end = chain.findIndex(({ alone }) => alone);
  return Math.min(max, end === -1 ? chain.length : end);
}
