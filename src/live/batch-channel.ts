import type { Event } from '../event/event.ts';
import { weightOf } from '../event/report-weight.ts';
import { Channel, type ChannelMember, type ChannelMetrics } from './channel.ts';
import type { Batching, FeedOperation } from './subscription.ts';

/** A batch is sent when its events reach this size, approximately. */
export const maxBatchBytes = 256 * 1024;

/** Many events a message: a batch is sent when it is full, or `maxWaitMicros` after its first event. */
export class BatchChannel extends Channel {
  readonly #batching: Batching;
  #events: Event[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(operation: FeedOperation, batching: Batching, metrics: ChannelMetrics) {
    super(operation, metrics);
    this.#batching = batching;
  }

  take(event: Event): number {
    const { maxSize, maxWaitMicros } = this.#batching;
    this.#events.push(event);
    this.#bytes += weightOf(event);
    if (this.#events.length >= maxSize || this.#bytes >= maxBatchBytes) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), maxWaitMicros / 1000);
    return this.size;
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const events = this.#events;
    const index = events.at(-1)?.index;
    if (index === undefined) return;
    this.#events = [];
    this.#bytes = 0;
    this.execute({ index, events }, events[0]?.recordedAt ?? null);
  }

  /** A new member has read the events of the current batch already. */
  override add(member: ChannelMember): void {
    this.flush();
    super.add(member);
  }

  override delete(member: ChannelMember): boolean {
    const wasMember = super.delete(member);
    if (this.size === 0) {
      this.#events = [];
      this.#bytes = 0;
      this.flush();
    }
    return wasMember;
  }

  protected sendCheckpoint(index: number): void {
    this.execute({ index, events: [] }, null);
  }
}
