import type { Event } from '../event/event.ts';
import type { FilterIndex } from './filter-index.ts';
import type { RecentChange, Ring } from './ring.ts';

/** What changes are handed to. */
export interface Target {
  /** Takes a change that matches its filter; answers to how many it went. It must not throw. */
  take(event: Event): number;
}

/** One that wants every change behind its index, and none before. */
export interface Joiner {
  readonly index: number;
  /** The next change that is handed out stands behind the index. */
  joined(): void;
}

/** Bytes and deliveries before everything else gets its turn. */
const turn = { bytes: 256 * 1024, handed: 65_536 };
/** Changes that may wait: beyond it the journal waits instead. */
const mostDue = 4_096;

/** Hands every change that the journal tells to the targets whose filters it matches, in index order. */
export class Distributor {
  readonly #ring: Ring;
  readonly #index: FilterIndex<Target>;
  readonly #turnChanges: number;
  readonly #joiners = new Set<Joiner>();
  #due: RecentChange[] = [];
  #next = 0;
  #scheduled: NodeJS.Immediate | null = null;
  #distributed = 0;

  /** @param turnChanges changes handed out before everything else gets its turn */
  constructor(ring: Ring, index: FilterIndex<Target>, turnChanges: number) {
    this.#ring = ring;
    this.#index = index;
    this.#turnChanges = turnChanges;
  }

  /** The index up to which every change was handed out. */
  get distributed(): number {
    return this.#distributed;
  }

  /** Follows the journal. What comes alone is handed out at once. */
  readonly follow = (events: readonly Event[]): void => {
    this.#due.push(...this.#ring.append(events));
    while (this.#due.length - this.#next > mostDue) this.#turn();
    if (!this.#scheduled) this.#continue();
  };

  /**
   * Lets one join as soon as everything up to its index was handed out: at once where it was, or where all that
   * was told has been, and the journal had got to its index before.
   */
  join(joiner: Joiner, position: number): void {
    const idle = this.#next === this.#due.length;
    if (joiner.index <= (idle ? Math.max(this.#distributed, position) : this.#distributed)) {
      joiner.joined();
    } else {
      this.#joiners.add(joiner);
    }
  }

  /** One that has not joined yet does not want to any more. */
  forget(joiner: Joiner): void {
    this.#joiners.delete(joiner);
  }

  [Symbol.dispose](): void {
    if (this.#scheduled) clearImmediate(this.#scheduled);
    this.#joiners.clear();
    this.#due = [];
    this.#next = 0;
  }

  #continue(): void {
    this.#scheduled = null;
    this.#turn();
    if (this.#due.length > this.#next) this.#scheduled = setImmediate(() => this.#continue());
  }

  #turn(): void {
    const end = Math.min(this.#due.length, this.#next + this.#turnChanges);
    let bytes = 0;
    let handed = 0;
    while (this.#next < end && bytes < turn.bytes && handed < turn.handed) {
      const { event, weight } = this.#due[this.#next++] as RecentChange;
      if (this.#joiners.size > 0) this.#admit(event.index - 1);
      this.#index.match(event, (target) => {
        handed += target.take(event);
      });
      this.#distributed = event.index;
      bytes += weight;
    }
    if (this.#joiners.size > 0) this.#admit(this.#distributed);
    if (this.#next < this.#due.length / 2) return;
    this.#due = this.#due.slice(this.#next);
    this.#next = 0;
  }

  #admit(index: number): void {
    for (const joiner of this.#joiners) {
      if (joiner.index > index) continue;
      this.#joiners.delete(joiner);
      joiner.joined();
    }
  }
}
