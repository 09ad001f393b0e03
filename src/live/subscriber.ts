import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Event } from '../event/event.ts';
import { compileFilter } from '../event/matcher.ts';
import { weightOf } from '../event/report-weight.ts';
import { maxBatchBytes } from './batch-channel.ts';
import { type Member, messageOf } from './channel.ts';
import type { Joiner } from './distributor.ts';
import { type FeedBatch, FeedError } from './feed.ts';
import type { History, Reader } from './history.ts';
import type { Stretch } from './ring.ts';
import type { FeedOperation, FeedSink, Message, Subscription } from './subscription.ts';

/** What a subscriber needs of the live feeds it is one of. */
export interface Home {
  readonly history: History;
  /** Milliseconds after which one that nothing matched is told how far it is. */
  readonly checkpointAfter: number;
  /** It has read what was recorded up to its index, and is to join its channel there. */
  caughtUp(subscriber: Subscriber): void;
  /** From here on it is sent what its channel is sent. */
  joined(subscriber: Subscriber): void;
  left(subscriber: Subscriber): void;
  failed(error: unknown): void;
}

/**
 * One subscription: reads history as fast as its sink takes it, and joins its channel at the moment when
 * there is no more of it. What is recorded meanwhile waits in the ring and the store.
 */
export class Subscriber implements Member, Joiner, Reader, Subscription {
  readonly operation: FeedOperation;
  readonly #sink: FeedSink;
  readonly #home: Home;
  #index = 0;
  #ended = false;
  #sentAt = performance.now();

  constructor(operation: FeedOperation, sink: FeedSink, home: Home) {
    this.operation = operation;
    this.#sink = sink;
    this.#home = home;
  }

  get index(): number {
    return this.#index;
  }

  get ended(): boolean {
    return this.#ended;
  }

  start(): void {
    const { afterIndex, journalId = null } = this.operation.request;
    const now = afterIndex === null && journalId === null ? this.#home.history.now : null;
    if (now === null) {
      void this.#catchUp();
    } else {
      this.#begin(now);
      this.#home.caughtUp(this);
    }
  }

  joined(): void {
    this.#home.joined(this);
  }

  send(message: Message): void {
    this.#index = message.index;
    this.#sink.send(message);
  }

  checkpoint(index: number): void {
    this.#index = index;
    this.#sink.checkpoint(index);
  }

  overrun(): void {
    const lastIndex = this.#index;
    const message = 'The selection takes longer than events come: select less, or resume later.';
    this.end(new FeedError('SLOW_CONSUMER', message, { lastIndex }));
  }

  cancel(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#home.left(this);
  }

  end(error: FeedError | null): void {
    if (this.#ended) return;
    this.cancel();
    this.#sink.end(error);
  }

  #begin(index: number): void {
    this.#index = index;
    if (!this.#ended) this.#sink.begin(index);
  }

  async #catchUp(): Promise<void> {
    try {
      await this.#readHistory();
    } catch (error) {
      if (!(error instanceof FeedError)) this.#home.failed(error);
      this.end(error instanceof FeedError ? error : interrupted(this.#index));
    }
  }

  async #readHistory(): Promise<void> {
    const { request } = this.operation;
    const { filter } = request;
    const { history } = this.#home;
    const wanted = { filter, matches: compileFilter(filter), reader: this };
    this.#begin(await history.begin(request, this));
    if (this.#ended) return;
    while (!this.#ended) {
      const stretch =
        history.recent(this.#index, wanted, false) ?? (await history.stored(this.#index, wanted));
      await this.#sendStretch(stretch);
      if (this.#ended) return;
      this.#index = stretch.index;
      // Nothing may be waited for between this look and joining.
      if (history.isAtTip(this.#index)) return this.#home.caughtUp(this);
      await nextTurn();
    }
  }

  async #sendStretch({ events, index }: Stretch): Promise<void> {
    const { batching } = this.operation;
    if (events.length === 0) return await this.#sendPosition(index);
    await this.#render(batching ? batches(events, index, batching.maxSize) : events);
  }

  /** Waits only where the sink has no room or the selection needs to, so that what can leave together does. */
  async #render(roots: Iterable<Event | FeedBatch>): Promise<void> {
    for (const root of roots) {
      if (!this.#sink.hasRoom) await this.#sink.room();
      if (this.#ended) return;
      const text = this.operation.render(root);
      const settled = typeof text === 'string' ? text : await text;
      if (this.#ended) return;
      this.#sentAt = performance.now();
      this.send(messageOf(root.index, settled));
    }
  }

  async #sendPosition(index: number): Promise<void> {
    if (performance.now() - this.#sentAt < this.#home.checkpointAfter) return;
    if (this.operation.batching) return await this.#render([{ index, events: [] }]);
    this.#sentAt = performance.now();
    this.checkpoint(index);
  }
}

const interrupted = (lastIndex: number): FeedError =>
  new FeedError('UNAVAILABLE', 'The feed was interrupted: resume from lastIndex.', { lastIndex });

function* batches(events: Stretch['events'], end: number, maxSize: number): Iterable<FeedBatch> {
  let from = 0;
  let bytes = 0;
  for (const [at, event] of events.entries()) {
    bytes += weightOf(event);
    const last = at === events.length - 1;
    if (!last && at - from + 1 < maxSize && bytes < maxBatchBytes) continue;
    yield { index: last ? end : event.index, events: events.slice(from, at + 1) };
    from = at + 1;
    bytes = 0;
  }
}
