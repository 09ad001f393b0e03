import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Event } from '../event/event.ts';
import { compileFilter } from '../event/matcher.ts';
import type { Target } from './distributor.ts';
import type { FeedBatch, FeedError, FeedRequest } from './feed.ts';
import type { FilterIndex, Registration } from './filter-index.ts';
import type { History, Reader, Wanted } from './history.ts';

/** What a pulled feed needs of the live feeds it is one of. */
export interface Source {
  readonly history: History;
  readonly index: FilterIndex<Target>;
  readonly checkpointAfter: number;
  opened(feed: PulledFeed): void;
  ended(feed: PulledFeed): void;
}

/**
 * A feed that holds nothing: its reader pulls from the ring, or from the store where it has fallen behind
 * that far, and is only woken when there is something for it. So a slow reader costs nobody anything.
 */
export class PulledFeed implements Target, Reader, AsyncIterableIterator<FeedBatch> {
  readonly #request: FeedRequest;
  readonly #source: Source;
  readonly #batches: AsyncGenerator<FeedBatch>;
  readonly #outside: AbortSignal;
  #registration: Registration<Target> | null = null;
  #cursor: number;
  #waitingSince = 0;
  #wake: ((batch: FeedBatch | null) => void) | null = null;
  /** One that was here when a change came is given it, even if a later one has come since. */
  #wasHere = false;
  #error: FeedError | null = null;
  #ended = false;

  /** Begins at the given index; null where history has to be asked. */
  constructor(request: FeedRequest, begin: number | null, outside: AbortSignal, source: Source) {
    this.#request = request;
    this.#source = source;
    this.#outside = outside;
    this.#cursor = begin ?? 0;
    this.#batches = this.#read(begin === null);
  }

  /** Everything up to here has been given. */
  get index(): number {
    return this.#cursor;
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
    if (event.index > this.#cursor && this.#wake) {
      this.#cursor = event.index - 1;
      this.#awake(null);
    }
    return 1;
  }

  /** Nothing matched up to here. */
  checkpoint(index: number): void {
    const idle = performance.now() - this.#waitingSince;
    if (index <= this.#cursor || idle < this.#source.checkpointAfter || !this.#wake) return;
    this.#cursor = index;
    this.#awake({ index, events: [] });
  }

  /** Ends the iteration: with an error, or (null) as if there were no more. */
  end(error: FeedError | null): void {
    this.#error ??= error;
    this.#ended = true;
    this.#awake(null);
  }

  #awake(batch: FeedBatch | null): void {
    this.#wake?.(batch);
    this.#wake = null;
  }

  async *#read(begins: boolean): AsyncGenerator<FeedBatch> {
    const onAbort = () => this.end(null);
    this.#outside.addEventListener('abort', onAbort, { once: true });
    if (this.#outside.aborted) onAbort();
    this.#source.opened(this);
    try {
      if (begins) {
        this.#cursor = await this.#source.history.begin(this.#request, this);
      }
      yield* this.#follow({
        filter: this.#request.filter,
        matches: compileFilter(this.#request.filter),
        reader: this,
      });
      if (this.#error) throw this.#error;
    } finally {
      this.#outside.removeEventListener('abort', onAbort);
      if (this.#registration) this.#source.index.remove(this.#registration);
      this.#source.ended(this);
    }
  }

  async *#follow(wanted: Wanted): AsyncGenerator<FeedBatch> {
    while (!this.#ended) {
      const batch = await this.#pull(wanted);
      if (batch && !this.#ended) yield batch;
    }
  }

  /** The next events; null where there may be some now. */
  async #pull(wanted: Wanted): Promise<FeedBatch | null> {
    const { history } = this.#source;
    const recent = history.recent(this.#cursor, wanted, this.#wasHere);
    this.#wasHere &&= recent !== null;
    const stretch = recent ?? (await history.stored(this.#cursor, wanted));
    this.#cursor = stretch.index;
    if (stretch.events.length > 0) return stretch;
    if (history.isAtTip(this.#cursor)) return await this.#wait();
    await nextTurn();
    return null;
  }

  #wait(): Promise<FeedBatch | null> {
    this.#wasHere = true;
    this.#registration ??= this.#source.index.add(this.#request.filter, this);
    this.#waitingSince = performance.now();
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.#ended) this.#awake(null);
    });
  }
}
