import type { Event } from '../event/event.ts';
import { weightOf } from '../event/report-weight.ts';
import { Channel, type ChannelMetrics, type Member } from './channel.ts';
import type { Batching, FeedOperation } from './subscription.ts';

/** Approximate bytes of the events in a batch, beyond which it is sent as it is. */
export const maxBatchBytes = 256 * 1024;

/** Many events a message: sent when the batch is full, or has waited for as long as was asked for. */
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
    this.#events.push(event);
    this.#bytes += weightOf(event);
    if (this.#events.length >= this.#batching.maxSize || this.#bytes >= maxBatchBytes) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), this.#batching.maxWait / 1000);
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

  /** What waits was recorded before the member came, which has it already. */
  override add(member: Member): void {
    this.flush();
    super.add(member);
  }

  override delete(member: Member): boolean {
    const was = super.delete(member);
    if (this.size === 0) {
      this.#events = [];
      this.#bytes = 0;
      this.flush();
    }
    return was;
  }

  protected tellPosition(index: number): void {
    this.execute({ index, events: [] }, null);
  }
}
