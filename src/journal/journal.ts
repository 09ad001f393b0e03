import type { Event, Report } from '../event/event.ts';

export type JournalKind = 'EMBEDDED' | 'NATS';

/** The index of a report. A duplicate repeats a report that is in the journal already, and changed nothing. */
export interface Appended {
  readonly index: number;
  readonly duplicate: boolean;
}

/** Notified of what was recorded, in index order, one call a batch. It must not throw and must not wait. */
export type Follower = (changes: readonly Event[]) => void;

/**
 * The one ordered log of everything reported. Promises:
 * - an append resolves when its reports are safe, and a report whose append resolved is never lost;
 * - index is strictly increasing, never starts over, and no two changes share one;
 * - every follower is notified of every change once, in index order, from the moment it began to follow;
 *   a change is the event as completed by all its reports up to there;
 * - a report that repeats another is a duplicate: it changes nothing and nobody is notified.
 */
export interface Journal extends AsyncDisposable {
  readonly kind: JournalKind;

  /**
   * A UUID, the same in every gateway and over restarts. It changes only when the journal begins anew with nothing
   * of what was: an index means nothing in another journal. @throws Unavailable until the log was first reached
   */
  readonly id: string;

  /** The index up to which this process's followers have been notified: 0 before the first. */
  readonly position: number;

  /**
   * Appends reports in order and resolves with their indexes, in the same order, when all are safe.
   * Within one call a report is sent again only under its own id, so that it is recorded once.
   * @throws AppendError when some were recorded and others not, or one can never be: it says what became of each
   * @throws Unavailable when none is known to be recorded, because the log is unreachable or too many appends
   *   wait. Where an acknowledgement was lost, a report may be recorded all the same: appending it again, under
   *   the same id, is harmless.
   */
  append(reports: readonly Report[]): Promise<Appended[]>;

  /** The highest index in the log, asked of the log itself. @throws Unavailable */
  lastIndex(): Promise<number>;

  /** Begins to follow; the returned function ends it. */
  follow(follower: Follower): () => void;

  /** Null while the journal is usable, else the reason why not, as a sentence. */
  healthReason(): string | null;
}
