import type { IndexedReport } from '../event/completion.ts';
import type { Event } from '../event/event.ts';

/** What one write did with a part. */
export interface Written {
  /** The event as it stood after this part. */
  readonly event: Event;
  /** False where the part repeated one that was there already: then the event is unchanged. */
  readonly changed: boolean;
  /** Why the database rejected it for good; absent where it was written. */
  readonly refused?: string;
}

/** A database table that keeps events, as the embedded journal needs it. */
export interface EventLog {
  /**
   * Writes parts, whose indexes increase and lie above `from`, if `from` is still the last index: all of
   * them in one transaction, and answers one for each part, in order. Null when the log has got further
   * than `from`: then nothing was written.
   * @throws Unavailable when the database is away; whether the parts were written is then unknown
   */
  write(parts: readonly IndexedReport[], from: number): Promise<Written[] | null>;

  /** The highest index that was ever written; 0 before the first. @throws Unavailable */
  lastIndex(): Promise<number>;

  /**
   * The id of the journal that the indexes belong to: the proposed one where there is none yet, and from then on
   * always the same. @throws Unavailable
   */
  journalId(proposed: string): Promise<string>;

  /** The events behind an index, in index order; fewer than limit only at the end. @throws Unavailable */
  after(index: number, limit: number): Promise<readonly Event[]>;
}
