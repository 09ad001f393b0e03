import { setTimeout as pause } from 'node:timers/promises';
import type { Filter } from '../event/filter.ts';
import type { Matcher } from '../event/matcher.ts';
import type { Journal } from '../journal/journal.ts';
import { Semaphore } from '../runtime/semaphore.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { Store } from '../store/store.ts';
import { FeedError, type FeedRequest } from './feed.ts';
import type { ReadLimits, Ring, Stretch } from './ring.ts';

/** What a reader wants of history. */
export interface Wanted {
  readonly filter: Filter;
  /** The same filter, compiled. */
  readonly matches: Matcher;
  readonly reader: Reader;
}

/** One that reads history, until it ends. */
export interface Reader {
  readonly ended: boolean;
}

export interface HistoryOptions {
  readonly journal: Journal;
  readonly store: Store;
  readonly ring: Ring;
  /** Milliseconds a reader waits for a store or a journal that does not answer. */
  readonly patience: number;
  /** Events read at once. */
  readonly pageEvents: number;
}

/** Approximate bytes read from memory at once. */
const maxBytes = 4 * 2 ** 20;
/** Pages read from the store at a time, for all readers together. */
const readsAtATime = 8;
const retryPause = 200;
/** The store's order by index looks at nothing else of a position. */
const behind = (index: number) => ({ time: 0, index });

/**
 * What was recorded, read in index order behind a cursor: from the ring where it reaches back so far, else
 * from the store. Nothing is left out and nothing comes twice, whatever is recorded meanwhile.
 */
export class History {
  readonly #journal: Journal;
  readonly #store: Store;
  readonly #ring: Ring;
  readonly #patience: number;
  readonly #page: ReadLimits;
  /** The journal was seen empty: whatever it gets, this process will be told. */
  #wasEmpty = false;
  readonly #turnstile = new Semaphore(readsAtATime);

  constructor({ journal, store, ring, patience, pageEvents }: HistoryOptions) {
    this.#journal = journal;
    this.#store = store;
    this.#ring = ring;
    this.#patience = patience;
    this.#page = { maxEvents: pageEvents, maxBytes };
  }

  /** The index of this moment; null while this process does not know where the journal stands. */
  get now(): number | null {
    const tip = this.#tip;
    return tip > 0 || this.#wasEmpty ? tip : null;
  }

  /** Whether nothing that this process has heard of stands behind an index. */
  isAtTip(index: number): boolean {
    return this.#covers(index) && index >= this.#tip;
  }

  get #tip(): number {
    return Math.max(this.#ring.tip ?? 0, this.#journal.position);
  }

  /** Whether all that stands behind an index is in memory, or still to be told. */
  #covers(index: number): boolean {
    if (this.#ring.size > 0) return this.#ring.covers(index);
    const { position } = this.#journal;
    return position > 0 ? index >= position : this.#wasEmpty;
  }

  /**
   * The cursor with which a reader begins. Null begins now.
   * @throws FeedError INDEX_AHEAD, OTHER_JOURNAL, UNAVAILABLE
   */
  async begin(
    { afterIndex, journalId = null }: Pick<FeedRequest, 'afterIndex' | 'journalId'>,
    reader: Reader,
  ): Promise<number> {
    if (journalId !== null) await this.#checkJournal(journalId, reader);
    const { now } = this;
    if (now !== null && (afterIndex ?? 0) <= now) return afterIndex ?? now;
    const lastIndex = await this.#patiently(() => this.#journal.lastIndex(), reader, {});
    this.#wasEmpty ||= lastIndex === 0;
    // What was told meanwhile is not left out.
    if (afterIndex === null) return Math.min(lastIndex, this.#ring.floor ?? lastIndex);
    if (afterIndex <= lastIndex) return afterIndex;
    throw new FeedError(
      'INDEX_AHEAD',
      `The journal has not got to index ${afterIndex}: its last is ${lastIndex}.`,
      { lastIndex },
    );
  }

  async #checkJournal(journalId: string, reader: Reader): Promise<void> {
    const id = await this.#patiently(async () => this.#journal.id, reader, {});
    if (id === journalId.toLowerCase()) return;
    throw new FeedError(
      'OTHER_JOURNAL',
      `This journal is ${id}, not ${journalId}: its indexes mean nothing here. Begin without afterIndex.`,
    );
  }

  /** What stands behind a cursor in memory; null where memory does not reach back so far. */
  recent(cursor: number, { matches }: Wanted, everyChange: boolean): Stretch | null {
    return this.#covers(cursor) ? this.#ring.read(cursor, matches, this.#page, everyChange) : null;
  }

  /**
   * What stands behind a cursor in the store; waits for the store to get there.
   * @throws FeedError INDEX_EXPIRED, UNAVAILABLE
   */
  async stored(cursor: number, wanted: Wanted): Promise<Stretch> {
    const { reader } = wanted;
    const details = { lastIndex: cursor };
    const stretch = await this.#patiently(() => this.#read(cursor, wanted), reader, details);
    if (stretch.index > cursor || (await this.#untilReachable(cursor, reader))) return stretch;
    throw new FeedError('UNAVAILABLE', 'The store has not got so far: try again later.', details);
  }

  /** Waits until the store has more behind a cursor, or memory reaches back to it. */
  async #untilReachable(cursor: number, reader: Reader): Promise<boolean> {
    const deadline = performance.now() + this.#patience;
    while (!this.#covers(cursor) && !reader.ended) {
      if (performance.now() > deadline) return false;
      if (await this.#store.untilStored(cursor + 1, retryPause)) return true;
    }
    return true;
  }

  async #read(cursor: number, { filter }: Wanted): Promise<Stretch> {
    using _ = await this.#turnstile.enter();
    // Known before the page is read, so that the page holds all up to there.
    const { storedIndex } = this.#store;
    const { events, more } = await this.#store.page({
      filter,
      order: 'INDEX_ASC',
      limit: this.#page.maxEvents,
      after: behind(cursor),
    });
    await this.#refuseExpired(cursor);
    const last = events.at(-1)?.index ?? cursor;
    return {
      // What changed since will come from the ring: who was away sees only the latest.
      events: events.filter((event) => !this.#ring.supersedes(event)),
      index: more ? last : Math.max(last, storedIndex),
    };
  }

  /** Asked after every page: the oldest events may go while somebody reads them. */
  async #refuseExpired(cursor: number): Promise<void> {
    if (cursor === 0) return;
    const firstIndex = await this.#store.firstIndex();
    if (firstIndex === null || cursor >= firstIndex) return;
    throw new FeedError(
      'INDEX_EXPIRED',
      `Events behind index ${cursor} are not kept any more: the oldest place to resume from is ${firstIndex}.`,
      { firstIndex },
    );
  }

  /** Tries again while the journal or the store is away, for so long as patience lasts. */
  async #patiently<Answer>(
    ask: () => Promise<Answer>,
    reader: Reader,
    details: FeedError['details'],
  ): Promise<Answer> {
    const deadline = performance.now() + this.#patience;
    for (;;) {
      let healthReason: string;
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        healthReason = error.message;
      }
      if (reader.ended || performance.now() + retryPause > deadline) {
        throw new FeedError('UNAVAILABLE', healthReason, details);
      }
      await pause(retryPause, undefined, { ref: false });
    }
  }
}
