import type { IndexedReport } from '../event/completion.ts';
import type { Event } from '../event/event.ts';

/** The result of writing one report. */
export interface Written {
  /** The event as it is after this report. */
  readonly event: Event;
  /** False where the report repeated an earlier one or is in conflict: then the event is unchanged. */
  readonly changed: boolean;
  /** True where the id belongs to an event of another namespace, which is `event`; absent elsewhere. */
  readonly conflict?: true;
  /** Why the database rejected it for good; absent where it was written. */
  readonly refused?: string;
}

/** A database table that keeps events, as the embedded journal needs it. */
export interface EventLog {
  /**
   * Writes reports, whose indexes increase from above `from`, in one transaction, if `from` is still the last index.
   * Resolves with one result for each, in order, or with null when the log has got further: then nothing was written.
   * @throws Unavailable when the database is unreachable; whether the reports were written is then unknown
   */
  write(reports: readonly IndexedReport[], from: number): Promise<Written[] | null>;

  /** The highest index that was ever written; 0 before the first. @throws Unavailable */
  lastIndex(): Promise<number>;

  /**
   * The id of the journal that the indexes belong to: the proposed one where there is none yet, and from then on
   * always the same. @throws Unavailable
   */
  journalId(proposed: string): Promise<string>;

  /** The events after an index, in index order; fewer than limit only at the end. @throws Unavailable */
  after(index: number, limit: number): Promise<readonly Event[]>;
}
