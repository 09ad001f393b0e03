import type { Event } from '../event/event.ts';
import type { Matcher } from '../event/matcher.ts';
import { weightOf } from '../event/report-weight.ts';

export interface RecentChange {
  readonly event: Event;
  /** Approximate. */
  readonly bytes: number;
  /** Whether a later change of the same event is known. A follower that resumes is given only the latest. */
  superseded: boolean;
}

/** Events in index order, and the index up to which none is missing. */
export interface RingSlice {
  readonly events: readonly Event[];
  readonly index: number;
}

export interface RingLimits {
  readonly ringChanges: number;
  readonly ringBytes: number;
}

/** Limits of one read. */
export interface ReadLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** Changes examined in one read: else a filter that matches nothing would block the event loop. */
const maxExaminedChanges = 4_096;

/** The latest changes in index order, bounded by number and by bytes: the oldest are evicted. */
export class Ring {
  readonly #limits: RingLimits;
  readonly #latest = new Map<string, RecentChange>();
  #changes: RecentChange[] = [];
  /** The position of the oldest change in the list: those before it were evicted. */
  #head = 0;
  #bytes = 0;
  #floor: number | null = null;
  #hasEvicted = false;

  constructor(limits: RingLimits) {
    this.#limits = limits;
  }

  /** The index of the latest change; null before the first. */
  get tip(): number | null {
    return this.#changes.at(-1)?.event.index ?? null;
  }

  /** Everything after this index is here; null before the first change. */
  get floor(): number | null {
    return this.#floor;
  }

  get size(): number {
    return this.#changes.length - this.#head;
  }

  /** Whether everything after an index is here. */
  covers(index: number): boolean {
    return this.#floor !== null && index >= this.#floor;
  }

  /** Whether a later change of the same event is here. */
  supersedes({ id, index }: Event): boolean {
    const latest = this.#latest.get(id);
    return latest !== undefined && latest.event.index > index;
  }

  /** Adds changes of the journal, and returns them as they are kept. */
  append(events: readonly Event[]): readonly RecentChange[] {
    this.#floor ??= (events[0]?.index ?? 1) - 1;
    const added = events.map((event): RecentChange => {
      const change = { event, bytes: weightOf(event), superseded: false };
      const former = this.#latest.get(event.id);
      if (former) former.superseded = true;
      this.#latest.set(event.id, change);
      this.#bytes += change.bytes;
      return change;
    });
    this.#changes.push(...added);
    this.#evict();
    return added;
  }

  /**
   * Adds older events before the others: the latest states of all events in (floor, upTo]. The journal publishes the
   * changes after `upTo`. Does nothing once a change was evicted, and evicts nothing.
   */
  prepend(events: readonly Event[], floor: number, upTo: number): void {
    if (this.#hasEvicted) return;
    const oldest = this.#changes[this.#head]?.event.index ?? Number.POSITIVE_INFINITY;
    const end = Math.min(upTo, oldest - 1);
    const older: RecentChange[] = [];
    let reached = floor;
    for (const event of events.toReversed()) {
      if (event.index > end || this.#latest.has(event.id)) continue;
      const change = { event, bytes: weightOf(event), superseded: false };
      if (!this.#hasRoom(older.length + 1, change.bytes)) {
        reached = event.index;
        break;
      }
      this.#bytes += change.bytes;
      this.#latest.set(event.id, change);
      older.push(change);
    }
    this.#changes = [...older.reverse(), ...this.#changes.slice(this.#head)];
    this.#head = 0;
    this.#floor = reached;
  }

  /** Reads after an index that is covered. `everyChange` includes superseded changes. */
  read(after: number, matches: Matcher, limits: ReadLimits, everyChange: boolean): RingSlice {
    const events: Event[] = [];
    const from = this.#firstAfter(after);
    const end = Math.min(this.#changes.length, from + maxExaminedChanges);
    let readBytes = 0;
    let index = after;
    for (let at = from; at < end; at++) {
      const { event, bytes, superseded } = this.#changes[at] as RecentChange;
      if ((everyChange || !superseded) && matches(event)) {
        const tooLarge = readBytes > 0 && readBytes + bytes > limits.maxBytes;
        if (events.length === limits.maxEvents || tooLarge) break;
        events.push(event);
        readBytes += bytes;
      }
      index = event.index;
    }
    return { events, index };
  }

  /** The position in the list of the first change after an index. */
  #firstAfter(index: number): number {
    let low = this.#head;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle] as RecentChange).event.index <= index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #hasRoom(changes: number, bytes: number): boolean {
    const { ringChanges, ringBytes } = this.#limits;
    return this.size + changes <= ringChanges && this.#bytes + bytes <= ringBytes;
  }

  #evict(): void {
    const { ringChanges, ringBytes } = this.#limits;
    while (this.size > ringChanges || (this.#bytes > ringBytes && this.size > 1)) {
      const oldest = this.#changes[this.#head++] as RecentChange;
      const { id, index } = oldest.event;
      this.#bytes -= oldest.bytes;
      this.#floor = index;
      this.#hasEvicted = true;
      if (this.#latest.get(id) === oldest) this.#latest.delete(id);
    }
    if (this.#head > this.#changes.length / 2) {
      this.#changes = this.#changes.slice(this.#head);
      this.#head = 0;
    }
  }
}
