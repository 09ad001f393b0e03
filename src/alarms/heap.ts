/** A binary heap: the entry that comes before all others by `order` is taken first. */
export class Heap<Entry> {
  readonly #order: (a: Entry, b: Entry) => number;
  readonly #entries: Entry[] = [];

  constructor(order: (a: Entry, b: Entry) => number) {
    this.#order = order;
  }

  get size(): number {
    return this.#entries.length;
  }

  get first(): Entry | undefined {
    return this.#entries[0];
  }

  add(entry: Entry): void {
    const entries = this.#entries;
    let at = entries.length;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = entries[parentAt] as Entry;
      if (this.#order(parent, entry) <= 0) break;
      entries[at] = parent;
      at = parentAt;
    }
    entries[at] = entry;
  }

  take(): Entry | undefined {
    const entries = this.#entries;
    const first = entries[0];
    const last = entries.pop();
    if (last !== undefined && entries.length > 0) this.#sink(last);
    return first;
  }

  #sink(entry: Entry): void {
    const entries = this.#entries;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= entries.length) break;
      const right = entries[childAt + 1];
      if (right !== undefined && this.#order(right, entries[childAt] as Entry) < 0) childAt += 1;
      const child = entries[childAt] as Entry;
      if (this.#order(entry, child) <= 0) break;
      entries[at] = child;
      at = childAt;
    }
    entries[at] = entry;
  }
}
