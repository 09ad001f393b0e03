import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Event } from '../event/event.ts';
import { compileFilter } from '../event/matcher.ts';
import type { ChangeTarget } from './distributor.ts';
import type { FeedBatch, FeedError, FeedRequest } from './feed.ts';
import type { FilterIndex, Registration } from './filter-index.ts';
import type { History, HistoryQuery, HistoryReader } from './history.ts';

/** The parts of the live feeds that every pulled feed uses. */
export interface PulledFeedParts {
  readonly history: History;
  readonly filterIndex: FilterIndex<ChangeTarget>;
  /** All pulled feeds that are being read. */
  readonly feeds: Set<PulledFeed>;
  readonly checkpointAfterMs: number;
}

/**
 * A feed without a queue: its reader pulls from the ring, or from the store where the ring does not reach back to the
 * reader's index. The filter index only wakes it. So a slow reader costs no memory.
 */
export class PulledFeed implements ChangeTarget, HistoryReader, AsyncIterableIterator<FeedBatch> {
  readonly #request: FeedRequest;
  readonly #parts: PulledFeedParts;
  readonly #batches: AsyncGenerator<FeedBatch>;
  readonly #signal: AbortSignal;
  #registration: Registration<ChangeTarget> | null = null;
  /** Everything up to this index was given to the reader, or does not match. */
  #index: number;
  /** The index of the last batch. */
  #saidIndex = 0;
  #waitingSinceMs = 0;
  #wake: ((batch: FeedBatch | null) => void) | null = null;
  /** Whether the reader has kept up with the ring: then it is given every change, else each event's latest. */
  #keepsUp = false;
  #error: FeedError | null = null;
  #ended = false;

  /** @param now the index at which the feed begins; null where history knows it */
  constructor(
    request: FeedRequest,
    now: number | null,
    signal: AbortSignal,
    parts: PulledFeedParts,
  ) {
    this.#request = request;
    this.#parts = parts;
    this.#signal = signal;
    this.#index = now ?? 0;
    this.#batches = this.#read(now === null);
  }

  get index(): number {
    return this.#index;
  }

  get ended(): boolean {
    return this.#ended;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<FeedBatch>> {
    return this.#batches.next();
  }

  return(): Promise<IteratorResult<FeedBatch>> {
    this.end(null);
    return this.#batches.return(undefined);
  }

  take(event: Event): number {
    if (event.index > this.#index && this.#wake) {
      this.#index = event.index - 1;
      this.#resume(null);
    }
    return 1;
  }

  /** Nothing matched up to this index. */
  checkpoint(index: number): void {
    const idleMs = performance.now() - this.#waitingSinceMs;
    if (index <= this.#index || idleMs < this.#parts.checkpointAfterMs || !this.#wake) return;
    this.#index = index;
    this.#resume({ index, events: [] });
  }

  /** Ends the iteration: with an error, or (null) regularly. */
  end(error: FeedError | null): void {
    this.#error ??= error;
    this.#ended = true;
    this.#resume(null);
  }

  #resume(batch: FeedBatch | null): void {
    this.#wake?.(batch);
    this.#wake = null;
  }

  async *#read(asksHistory: boolean): AsyncGenerator<FeedBatch> {
    const onAbort = () => this.end(null);
    this.#signal.addEventListener('abort', onAbort, { once: true });
    if (this.#signal.aborted) onAbort();
    const { feeds, history, filterIndex } = this.#parts;
    feeds.add(this);
    try {
      if (asksHistory) this.#index = await history.begin(this.#request, this);
      this.#saidIndex = this.#index;
      const { filter, rejectsGapAfter0 = false } = this.#request;
      const matches = compileFilter(filter);
      yield* this.#follow({ filter, matches, reader: this, rejectsGapAfter0 });
      if (this.#error) throw this.#error;
    } finally {
      this.#signal.removeEventListener('abort', onAbort);
      if (this.#registration) filterIndex.remove(this.#registration);
      feeds.delete(this);
    }
  }

  async *#follow(query: HistoryQuery): AsyncGenerator<FeedBatch> {
    while (!this.#ended) {
      const batch = await this.#pull(query);
      if (batch === null || this.#ended) continue;
      this.#saidIndex = batch.index;
      yield batch;
    }
  }

  /** The next events; null where it must be called again. */
  async #pull(query: HistoryQuery): Promise<FeedBatch | null> {
    const { history } = this.#parts;
    const recent = history.recent(this.#index, query, this.#keepsUp);
    this.#keepsUp &&= recent !== null;
    const slice = recent ?? (await history.stored(this.#index, query));
    this.#index = slice.index;
    if (slice.events.length > 0) return slice;
    if (!history.isAtTip(this.#index)) {
      await nextTurn();
      return null;
    }
    // It has caught up, over events that do not match.
    if (!this.#keepsUp && this.#index > this.#saidIndex) return slice;
    return await this.#wait();
  }

  #wait(): Promise<FeedBatch | null> {
    this.#keepsUp = true;
    this.#registration ??= this.#parts.filterIndex.add(this.#request.filter, this);
    this.#waitingSinceMs = performance.now();
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.#ended) this.#resume(null);
    });
  }
}
