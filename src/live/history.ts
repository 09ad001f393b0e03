import { setTimeout as pause } from 'node:timers/promises';
import type { Filter } from '../event/filter.ts';
import type { Matcher } from '../event/matcher.ts';
import type { Journal } from '../journal/journal.ts';
import { Semaphore } from '../runtime/semaphore.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { Store } from '../store/store.ts';
import { FeedError, type FeedRequest } from './feed.ts';
import type { ReadLimits, Ring, RingSlice } from './ring.ts';

export interface HistoryQuery {
  readonly filter: Filter;
  /** The same filter, compiled. */
  readonly matches: Matcher;
  readonly reader: HistoryReader;
  /** Whether deleted events are missed by a reader at index 0 too. */
  readonly rejectsGapAfter0: boolean;
}

/** Once its feed has ended, nothing is read or retried for it. */
export interface HistoryReader {
  readonly ended: boolean;
}

export interface HistoryOptions {
  readonly journal: Journal;
  readonly store: Store;
  readonly ring: Ring;
  /** How long a reader waits for a store or a journal that does not answer. */
  readonly patienceMs: number;
  /** Events read at once. */
  readonly pageEvents: number;
}

/** Approximate bytes read from the ring at once. */
const maxBytes = 4 * 2 ** 20;
/** Pages read from the store at a time, for all readers together. */
const maxConcurrentReads = 8;
const retryPauseMs = 200;
/** The store's order by index ignores the time of a position. */
const positionOf = (index: number) => ({ time: 0, index });

/**
 * Recorded events, read in index order after a cursor: from the ring where it reaches back to the cursor, else from the
 * store. No event is left out or given twice, whatever is recorded in the meantime.
 */
export class History {
  readonly #journal: Journal;
  readonly #store: Store;
  readonly #ring: Ring;
  readonly #patienceMs: number;
  readonly #page: ReadLimits;
  /** The journal was seen empty: this process is notified of everything in it. */
  #wasEmpty = false;
  readonly #reads = new Semaphore(maxConcurrentReads);

  constructor({ journal, store, ring, patienceMs, pageEvents }: HistoryOptions) {
    this.#journal = journal;
    this.#store = store;
    this.#ring = ring;
    this.#patienceMs = patienceMs;
    this.#page = { maxEvents: pageEvents, maxBytes };
  }

  /** @throws Unavailable until the journal was first reached */
  get journalId(): string {
    return this.#journal.id;
  }

  /** The journal's position: this process was notified of everything up to it. */
  get position(): number {
    return this.#journal.position;
  }

  /** The last index that this process knows; null while it knows none. */
  get now(): number | null {
    const tip = this.#tip;
    return tip > 0 || this.#knowsPosition ? tip : null;
  }

  /** Whether this process knows of nothing after an index. */
  isAtTip(index: number): boolean {
    return this.#covers(index) && index >= this.#tip;
  }

  get #tip(): number {
    return Math.max(this.#ring.tip ?? 0, this.#journal.position);
  }

  /** A position of 0 may also be that of a NATS journal whose stream has something; the embedded one asks its log first. */
  get #knowsPosition(): boolean {
    const { kind, position } = this.#journal;
    if (position > 0 || this.#wasEmpty) return true;
    return kind === 'EMBEDDED' && this.#journal.healthReason() === null;
  }

  /** Whether everything after an index is in the ring, or this process will be notified of it. */
  #covers(index: number): boolean {
    if (this.#ring.size > 0) return this.#ring.covers(index);
    return this.#knowsPosition && index >= this.#journal.position;
  }

  /**
   * The cursor at which a reader begins: now where afterIndex is null.
   * @throws FeedError INDEX_AHEAD, OTHER_JOURNAL, UNAVAILABLE
   */
  async begin(
    { afterIndex, journalId = null }: Pick<FeedRequest, 'afterIndex' | 'journalId'>,
    reader: HistoryReader,
  ): Promise<number> {
    if (journalId !== null) await this.#checkJournal(journalId, reader);
    const { now } = this;
    if (now !== null && (afterIndex ?? 0) <= now) return afterIndex ?? now;
    const lastIndex = await this.#retry(() => this.#journal.lastIndex(), reader, {});
    this.#wasEmpty ||= lastIndex === 0;
    // Changes may have come while the journal was asked.
    if (afterIndex === null) return Math.min(lastIndex, this.#ring.floor ?? lastIndex);
    if (afterIndex <= lastIndex) return afterIndex;
    throw new FeedError(
      'INDEX_AHEAD',
      `Index ${afterIndex} is after the last index of the journal, ${lastIndex}: resume after that.`,
      { lastIndex },
    );
  }

  async #checkJournal(journalId: string, reader: HistoryReader): Promise<void> {
    const id = await this.#retry(async () => this.#journal.id, reader, {});
    if (id === journalId.toLowerCase()) return;
    throw new FeedError(
      'OTHER_JOURNAL',
      `This journal is ${id}, and the index belongs to the journal ${journalId}: begin without afterIndex.`,
    );
  }

  /** From the ring; null where it does not reach back to the cursor. */
  recent(cursor: number, { matches }: HistoryQuery, everyChange: boolean): RingSlice | null {
    return this.#covers(cursor) ? this.#ring.read(cursor, matches, this.#page, everyChange) : null;
  }

  /**
   * From the store; waits until the store has anything after the cursor.
   * @throws FeedError INDEX_EXPIRED, UNAVAILABLE
   */
  async stored(cursor: number, query: HistoryQuery): Promise<RingSlice> {
    const { reader } = query;
    const details = { lastIndex: cursor };
    const slice = await this.#retry(() => this.#read(cursor, query), reader, details);
    if (slice.index > cursor || (await this.#untilReachable(cursor, reader))) return slice;
    throw new FeedError(
      'UNAVAILABLE',
      `The store lags: it has nothing after index ${cursor} yet. Resume after lastIndex later.`,
      details,
    );
  }

  /** Waits until the store has more after a cursor, or the ring reaches back to it. */
  async #untilReachable(cursor: number, reader: HistoryReader): Promise<boolean> {
    const deadlineMs = performance.now() + this.#patienceMs;
    while (!this.#covers(cursor) && !reader.ended) {
      if (performance.now() > deadlineMs) return false;
      if (await this.#store.untilStored(cursor + 1, retryPauseMs)) return true;
    }
    return true;
  }

  async #read(cursor: number, query: HistoryQuery): Promise<RingSlice> {
    const { filter, reader, rejectsGapAfter0 } = query;
    using _ = await this.#reads.enter();
    if (reader.ended) return { events: [], index: cursor };
    // Must be known before the page is read: then the page has everything up to it.
    const { storedIndex } = this.#store;
    const { events, more } = await this.#store.page({
      filter,
      order: 'INDEX_ASC',
      limit: this.#page.maxEvents,
      after: positionOf(cursor),
    });
    if (cursor > 0 || rejectsGapAfter0) await this.#rejectExpired(cursor);
    const last = events.at(-1)?.index ?? cursor;
    return {
      // The later change will come from the ring.
      events: events.filter((event) => !this.#ring.supersedes(event)),
      index: more ? last : Math.max(last, storedIndex),
    };
  }

  /** Checked after every page, because the oldest events may expire during a backfill. */
  async #rejectExpired(cursor: number): Promise<void> {
    const firstIndex = await this.#store.firstIndex();
    if (firstIndex === null || cursor >= firstIndex) return;
    throw new FeedError(
      'INDEX_EXPIRED',
      `Events after index ${cursor} have expired: the oldest index to resume from is ${firstIndex}.`,
      { firstIndex },
    );
  }

  /** Retries while the journal or the store is unreachable, for patienceMs. */
  async #retry<Result>(
    attempt: () => Promise<Result>,
    reader: HistoryReader,
    details: FeedError['details'],
  ): Promise<Result> {
    const deadlineMs = performance.now() + this.#patienceMs;
    for (;;) {
      let healthReason: string;
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        healthReason = error.message;
      }
      if (reader.ended || performance.now() + retryPauseMs > deadlineMs) {
        throw new FeedError('UNAVAILABLE', healthReason, details);
      }
      await pause(retryPauseMs, undefined, { ref: false });
    }
  }
}
