import type { Event } from '../event/event.ts';
import type { Matcher } from '../event/matcher.ts';
import { weightOf } from '../event/report-weight.ts';

/** A change of an event, as it is kept for a while after it was told. */
export interface RecentChange {
  readonly event: Event;
  /** Approximate bytes. */
  readonly weight: number;
  /** Whether a later change of the same event is known: only that one is of interest to who was away. */
  superseded: boolean;
}

/** Events in index order, and the index up to which none is missing. */
export interface Stretch {
  readonly events: readonly Event[];
  readonly index: number;
}

export interface RingLimits {
  readonly ringChanges: number;
  readonly ringBytes: number;
}

/** How much is read at once. */
export interface ReadLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** Changes looked at in one read, so that a filter that matches nothing does not hold up everything else. */
const longestRead = 4_096;

/** The latest changes in index order, bounded by number and by bytes: the oldest give way. */
export class Ring {
  readonly #limits: RingLimits;
  readonly #latest = new Map<string, RecentChange>();
  #changes: RecentChange[] = [];
  /** Where the oldest change stands in the list: what is before it has given way. */
  #head = 0;
  #bytes = 0;
  #floor: number | null = null;
  #gaveWay = false;

  constructor(limits: RingLimits) {
    this.#limits = limits;
  }

  /** The index of the latest change; null before the first. */
  get tip(): number | null {
    return this.#changes.at(-1)?.event.index ?? null;
  }

  /** Everything behind this index is here; null before the first change. */
  get floor(): number | null {
    return this.#floor;
  }

  get size(): number {
    return this.#changes.length - this.#head;
  }

  /** Whether everything behind an index is here. */
  covers(index: number): boolean {
    return this.#floor !== null && index >= this.#floor;
  }

  /** Whether a later change of the same event is here. */
  supersedes({ id, index }: Event): boolean {
    const latest = this.#latest.get(id);
    return latest !== undefined && latest.event.index > index;
  }

  /** Adds what the journal told, and answers it as it is kept. */
  append(events: readonly Event[]): readonly RecentChange[] {
    this.#floor ??= (events[0]?.index ?? 1) - 1;
    const added = events.map((event): RecentChange => {
      const change = { event, weight: weightOf(event), superseded: false };
      const former = this.#latest.get(event.id);
      if (former) former.superseded = true;
      this.#latest.set(event.id, change);
      this.#bytes += change.weight;
      return change;
    });
    this.#changes.push(...added);
    this.#giveWay();
    return added;
  }

  /**
   * Puts older events in front: all that stands in (floor, upTo] and has not changed since. What stands beyond
   * `upTo` has been or will be told. Nothing is added that would have to give way at once, or behind what has
   * given way.
   */
  prepend(events: readonly Event[], floor: number, upTo: number): void {
    if (this.#gaveWay) return;
    const told = this.#changes[this.#head]?.event.index ?? Number.POSITIVE_INFINITY;
    const end = Math.min(upTo, told - 1);
    const older: RecentChange[] = [];
    let reached = floor;
    for (const event of events.toReversed()) {
      if (event.index > end || this.#latest.has(event.id)) continue;
      const change = { event, weight: weightOf(event), superseded: false };
      if (!this.#hasRoom(older.length + 1, change.weight)) {
        reached = event.index;
        break;
      }
      this.#bytes += change.weight;
      this.#latest.set(event.id, change);
      older.push(change);
    }
    this.#changes = [...older.reverse(), ...this.#changes.slice(this.#head)];
    this.#head = 0;
    this.#floor = reached;
  }

  /**
   * Reads on behind an index that is covered. `everyChange` gives superseded changes too: for who was here
   * when they came.
   */
  read(after: number, matches: Matcher, limits: ReadLimits, everyChange: boolean): Stretch {
    const events: Event[] = [];
    const from = this.#placeBehind(after);
    const end = Math.min(this.#changes.length, from + longestRead);
    let bytes = 0;
    let index = after;
    for (let at = from; at < end; at++) {
      const { event, weight, superseded } = this.#changes[at] as RecentChange;
      if ((everyChange || !superseded) && matches(event)) {
        if (events.length === limits.maxEvents || (bytes > 0 && bytes + weight > limits.maxBytes)) {
          break;
        }
        events.push(event);
        bytes += weight;
      }
      index = event.index;
    }
    return { events, index };
  }

  /** The place of the first change with a greater index. */
  #placeBehind(index: number): number {
    let low = this.#head;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle] as RecentChange).event.index <= index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #hasRoom(more: number, weight: number): boolean {
    const { ringChanges, ringBytes } = this.#limits;
    return this.size + more <= ringChanges && this.#bytes + weight <= ringBytes;
  }

  #giveWay(): void {
    const { ringChanges, ringBytes } = this.#limits;
    while (this.size > ringChanges || (this.#bytes > ringBytes && this.size > 1)) {
      const oldest = this.#changes[this.#head++] as RecentChange;
      const { id, index } = oldest.event;
      this.#bytes -= oldest.weight;
      this.#floor = index;
      this.#gaveWay = true;
      if (this.#latest.get(id) === oldest) this.#latest.delete(id);
    }
    if (this.#head > this.#changes.length / 2) {
      this.#changes = this.#changes.slice(this.#head);
      this.#head = 0;
    }
  }
}
