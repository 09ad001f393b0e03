import type { Event } from '../event/event.ts';
import type { Filter } from '../event/filter.ts';

export interface FeedRequest {
  readonly filter: Filter;
  /** Everything behind this index comes first; null begins now, 0 replays all that is kept. */
  readonly afterIndex: number | null;
  /** The journal that the caller believes this to be; the feed ends with OTHER_JOURNAL where it is another. */
  readonly journalId?: string | null;
}

/** Events that match, in index order. */
export interface FeedBatch {
  /** Everything that matches up to here has been given: the token to resume from. */
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
  | 'TOO_MANY';

/** Why a feed could not begin or go on; the details go to the client as GraphQL extensions. */
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
 * Follows the journal: backfill from the store, cutover at the ring, live; no gap, no repeat. Breaking out
 * of the iteration or aborting the signal ends it and frees what it held.
 * @throws FeedError from the iteration
 */
export type OpenFeed = (request: FeedRequest, signal: AbortSignal) => AsyncIterable<FeedBatch>;
