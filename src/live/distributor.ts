import type { Event } from '../event/event.ts';
import type { FilterIndex } from './filter-index.ts';
import type { RecentChange, Ring } from './ring.ts';

/** A channel or a pulled feed. */
export interface ChangeTarget {
  /** Takes a change that matches its filter; returns the number of receivers. Must not throw. */
  take(event: Event): number;
}

/** A subscription that is to get every change after its index from its channel, and none up to it. */
export interface PendingMember {
  readonly index: number;
  /** Called when the next change to be distributed is the first after the index. */
  goLive(): void;
}

/** Bytes and deliveries of one turn: then the rest of the process gets its turn. */
const maxTurn = { bytes: 256 * 1024, deliveries: 65_536 };
/** Changes that may wait to be distributed. With more, the journal's call returns only after some were. */
const maxQueuedChanges = 4_096;

/** Hands every change of the journal to the targets whose filters it matches, in index order. */
export class Distributor {
  readonly #ring: Ring;
  readonly #filterIndex: FilterIndex<ChangeTarget>;
  readonly #maxTurnChanges: number;
  readonly #pendingMembers = new Set<PendingMember>();
  #queue: RecentChange[] = [];
  /** The position in the queue of the next change to be distributed. */
  #next = 0;
  #scheduled: NodeJS.Immediate | null = null;
  #distributed = 0;

  /** @param maxTurnChanges changes of one turn: then the rest of the process gets its turn */
  constructor(ring: Ring, filterIndex: FilterIndex<ChangeTarget>, maxTurnChanges: number) {
    this.#ring = ring;
    this.#filterIndex = filterIndex;
    this.#maxTurnChanges = maxTurnChanges;
  }

  /** The index up to which every change was distributed. */
  get distributed(): number {
    return this.#distributed;
  }

  /** The journal's follower. A change that comes alone is distributed at once. */
  readonly follow = (events: readonly Event[]): void => {
    this.#queue.push(...this.#ring.append(events));
    while (this.#queue.length - this.#next > maxQueuedChanges) this.#turn();
    if (!this.#scheduled) this.#continue();
  };

  /**
   * Calls `goLive` once everything up to the member's index was distributed. That is now where it was, or where the queue
   * is empty and the journal's position is not below the index.
   */
  admit(member: PendingMember, position: number): void {
    const idle = this.#next === this.#queue.length;
    if (member.index <= (idle ? Math.max(this.#distributed, position) : this.#distributed)) {
      member.goLive();
    } else {
      this.#pendingMembers.add(member);
    }
  }

  /** For a member whose subscription ended before it went live. */
  withdraw(member: PendingMember): void {
    this.#pendingMembers.delete(member);
  }

  [Symbol.dispose](): void {
    if (this.#scheduled) clearImmediate(this.#scheduled);
    this.#pendingMembers.clear();
    this.#queue = [];
    this.#next = 0;
  }

  #continue(): void {
    this.#scheduled = null;
    this.#turn();
    if (this.#queue.length > this.#next) this.#scheduled = setImmediate(() => this.#continue());
  }

  #turn(): void {
    const end = Math.min(this.#queue.length, this.#next + this.#maxTurnChanges);
    let bytes = 0;
    let deliveries = 0;
    while (this.#next < end && bytes < maxTurn.bytes && deliveries < maxTurn.deliveries) {
      const change = this.#queue[this.#next++] as RecentChange;
      const { event } = change;
      if (this.#pendingMembers.size > 0) this.#admitUpTo(event.index - 1);
      this.#filterIndex.match(event, (target) => {
        deliveries += target.take(event);
      });
      this.#distributed = event.index;
      bytes += change.bytes;
    }
    if (this.#pendingMembers.size > 0) this.#admitUpTo(this.#distributed);
    if (this.#next < this.#queue.length / 2) return;
    this.#queue = this.#queue.slice(this.#next);
    this.#next = 0;
  }

  #admitUpTo(index: number): void {
    for (const member of this.#pendingMembers) {
      if (member.index > index) continue;
      this.#pendingMembers.delete(member);
      member.goLive();
    }
  }
}
