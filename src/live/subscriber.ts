import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Event } from '../event/event.ts';
import { compileFilter } from '../event/matcher.ts';
import { weightOf } from '../event/report-weight.ts';
import type { Log } from '../telemetry/log.ts';
import { logUnexpectedError } from '../telemetry/unexpected-error.ts';
import { maxBatchBytes } from './batch-channel.ts';
import { type ChannelMember, messageOf } from './channel.ts';
import type { Channels } from './channels.ts';
import type { Distributor, PendingMember } from './distributor.ts';
import { type FeedBatch, FeedError } from './feed.ts';
import type { History, HistoryReader } from './history.ts';
import type { RingSlice } from './ring.ts';
import type { FeedOperation, FeedReceiver, Message, Subscription } from './subscription.ts';

/** The parts of the live feeds that every subscriber passes through. */
export interface SubscriberParts {
  readonly history: History;
  readonly distributor: Distributor;
  readonly channels: Channels;
  /** All subscribers that have not ended. */
  readonly subscribers: Set<Subscriber>;
  readonly log: Log;
  /** A subscriber without a matching event for this time is sent the index that it has reached. */
  readonly checkpointAfterMs: number;
}

/**
 * One GraphQL subscription. It passes through three phases:
 *
 * 1. Backfill. It reads what was recorded after its index, page by page: from the ring where the ring reaches back to
 *    the index, else from the store. The receiver sets the pace. Newer events stay in the ring and the store meanwhile, so
 *    a slow backfill costs no memory.
 * 2. Cutover. Once its index is the last one that this process knows, it asks the distributor to let it into its
 *    channel. Both happen in one turn of the event loop, so no event comes in between. The distributor calls `goLive`
 *    when everything up to the subscriber's index was distributed: at once, or before the first change after the index.
 * 3. Live. The channel executes the selection once for all its members and sends each the result. The channel skips a
 *    member whose index is not below the result's index, so nothing is sent twice.
 *
 * A subscription without `afterIndex` begins at the cutover. Any phase ends with `cancel` (the client goes) or `end`
 * (an error, or the gateway closes).
 */
export class Subscriber implements ChannelMember, PendingMember, HistoryReader, Subscription {
  readonly #operation: FeedOperation;
  readonly #receiver: FeedReceiver;
  readonly #parts: SubscriberParts;
  #index = 0;
  #ended = false;
  #sentAtMs = performance.now();

  constructor(operation: FeedOperation, receiver: FeedReceiver, parts: SubscriberParts) {
    this.#operation = operation;
    this.#receiver = receiver;
    this.#parts = parts;
  }

  get index(): number {
    return this.#index;
  }

  get ended(): boolean {
    return this.#ended;
  }

  start(): void {
    this.#parts.subscribers.add(this);
    const { afterIndex, journalId = null } = this.#operation.request;
    const now = afterIndex === null && journalId === null ? this.#parts.history.now : null;
    if (now === null) {
      void this.#catchUp();
    } else {
      this.#begin(now);
      this.#cutOver();
    }
  }

  async #catchUp(): Promise<void> {
    try {
      await this.#backfill();
    } catch (error) {
      if (!(error instanceof FeedError)) {
        logUnexpectedError(this.#parts.log, { error, where: 'live feed' });
      }
      this.end(error instanceof FeedError ? error : interrupted(this.#index));
    }
  }

  async #backfill(): Promise<void> {
    const { request } = this.#operation;
    const { filter } = request;
    const { history } = this.#parts;
    const { rejectsGapAfter0 = false } = request;
    const query = { filter, matches: compileFilter(filter), reader: this, rejectsGapAfter0 };
    this.#begin(await history.begin(request, this));
    while (!this.#ended) {
      const slice =
        history.recent(this.#index, query, false) ?? (await history.stored(this.#index, query));
      await this.#sendSlice(slice);
      if (this.#ended) return;
      this.#index = slice.index;
      if (history.isAtTip(this.#index)) return this.#cutOver();
      await nextTurn();
    }
  }

  /** Must not be preceded by an `await` since the index was compared with the tip. */
  #cutOver(): void {
    this.#parts.distributor.admit(this, this.#parts.history.position);
  }

  goLive(): void {
    this.#parts.channels.add(this.#operation, this);
  }

  send(message: Message): void {
    this.#index = message.index;
    this.#receiver.send(message);
  }

  checkpoint(index: number): void {
    this.#index = index;
    this.#receiver.checkpoint(index);
  }

  overrun(): void {
    const lastIndex = this.#index;
    const message =
      'Events come faster than the selection is executed: select fewer fields, or resume after lastIndex later.';
    this.end(new FeedError('SLOW_CONSUMER', message, { lastIndex }));
  }

  cancel(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { subscribers, distributor, channels } = this.#parts;
    subscribers.delete(this);
    distributor.withdraw(this);
    channels.delete(this.#operation, this);
  }

  end(error: FeedError | null): void {
    if (this.#ended) return;
    this.cancel();
    this.#receiver.end(error);
  }

  #begin(index: number): void {
    this.#index = index;
    if (!this.#ended) this.#receiver.begin(index, this.#parts.history.journalId);
  }

  async #sendSlice({ events, index }: RingSlice): Promise<void> {
    const { batching } = this.#operation;
    if (events.length === 0) return await this.#sendCheckpoint(index);
    await this.#render(batching ? batches(events, index, batching.maxSize) : events);
  }

  /** Without an `await` where none is needed, messages of one turn leave in one write. */
  async #render(roots: Iterable<Event | FeedBatch>): Promise<void> {
    for (const root of roots) {
      if (!this.#receiver.hasRoom) await this.#receiver.room();
      if (this.#ended) return;
      const result = this.#operation.render(root);
      const json = typeof result === 'string' ? result : await result;
      if (this.#ended) return;
      this.#sentAtMs = performance.now();
      this.send(messageOf(root.index, json));
    }
  }

  async #sendCheckpoint(index: number): Promise<void> {
    const quietMs = performance.now() - this.#sentAtMs;
    if (index <= this.#index || quietMs < this.#parts.checkpointAfterMs) return;
    if (this.#operation.batching) return await this.#render([{ index, events: [] }]);
    this.#sentAtMs = performance.now();
    this.checkpoint(index);
  }
}

const interrupted = (lastIndex: number): FeedError =>
  new FeedError('UNAVAILABLE', 'The feed was interrupted: resume after lastIndex.', { lastIndex });

function* batches(
  events: RingSlice['events'],
  endIndex: number,
  maxSize: number,
): Iterable<FeedBatch> {
  let from = 0;
  let bytes = 0;
  for (const [at, event] of events.entries()) {
    bytes += weightOf(event);
    const last = at === events.length - 1;
    if (!last && at - from + 1 < maxSize && bytes < maxBatchBytes) continue;
    yield { index: last ? endIndex : event.index, events: events.slice(from, at + 1) };
    from = at + 1;
    bytes = 0;
  }
}
