import type { Event } from '../event/event.ts';
import type { Filter } from '../event/filter.ts';

export interface FeedRequest {
  readonly filter: Filter;
  /** Everything after this index comes first; null begins now, 0 replays everything that is kept. */
  readonly afterIndex: number | null;
  /** Whether 0 is an index like any other: the feed ends with INDEX_EXPIRED where events after it are deleted. */
  readonly rejectsGapAfter0?: boolean;
  /** The journal that afterIndex belongs to: with another id, the feed ends with OTHER_JOURNAL. */
  readonly journalId?: string | null;
}

/** Events that match, in index order. */
export interface FeedBatch {
  /** Everything that matches up to this index was given: resume after it. */
  readonly index: number;
  /** Empty in a checkpoint: the journal advanced and nothing matched. */
  readonly events: readonly Event[];
}

export type FeedErrorCode =
  | 'SLOW_CONSUMER'
  | 'INDEX_EXPIRED'
  | 'INDEX_AHEAD'
  | 'OTHER_JOURNAL'
  | 'UNAVAILABLE'
  | 'TOO_MANY'
  /** The follower may not read this, or not any more. */
  | 'FORBIDDEN';

/** Why a feed could not begin or go on. The details are sent to the client as GraphQL extensions. */
export class FeedError extends Error {
  override readonly name = 'FeedError';
  readonly code: FeedErrorCode;
  readonly details: { readonly lastIndex?: number; readonly firstIndex?: number };

  constructor(code: FeedErrorCode, message: string, details: FeedError['details'] = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/**
 * Follows the journal: backfill from the ring or the store, then live, without a gap or a repeat. It ends when the
 * iteration is left or the signal is aborted.
 * @throws FeedError from the iteration
 */
export type OpenFeed = (request: FeedRequest, signal: AbortSignal) => AsyncIterable<FeedBatch>;
