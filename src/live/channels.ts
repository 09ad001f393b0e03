import { BatchChannel } from './batch-channel.ts';
import { type Channel, type ChannelMetrics, EventChannel, type Member } from './channel.ts';
import type { Target } from './distributor.ts';
import type { FilterIndex, Registration } from './filter-index.ts';
import type { FeedOperation } from './subscription.ts';

interface Open {
  readonly channel: Channel;
  readonly registration: Registration<Target>;
}

/** The channels that somebody follows, by the key of their operation. */
export class Channels {
  readonly #open = new Map<string, Open>();
  readonly #index: FilterIndex<Target>;
  readonly #metrics: ChannelMetrics;

  #members = 0;

  constructor(index: FilterIndex<Target>, metrics: ChannelMetrics) {
    this.#index = index;
    this.#metrics = metrics;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Subscriptions in all of them. */
  get members(): number {
    return this.#members;
  }

  has({ key }: FeedOperation): boolean {
    return this.#open.has(key);
  }

  add(operation: FeedOperation, member: Member): void {
    const open = this.#open.get(operation.key) ?? this.#create(operation);
    open.channel.add(member);
    this.#members++;
  }

  /** Closes the channel behind its last member. */
  delete({ key }: FeedOperation, member: Member): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    if (open.channel.delete(member)) this.#members--;
    if (open.channel.size > 0) return;
    this.#open.delete(key);
    this.#index.remove(open.registration);
  }

  /** Nothing matched up to here: told in channels that have been silent for so many milliseconds. */
  checkpoint(index: number, after: number): void {
    for (const { channel } of this.#open.values()) channel.checkpoint(index, after);
  }

  #create(operation: FeedOperation): Open {
    const channel = operation.batching
      ? new BatchChannel(operation, operation.batching, this.#metrics)
      : new EventChannel(operation, this.#metrics);
    const open = { channel, registration: this.#index.add(operation.request.filter, channel) };
    this.#open.set(operation.key, open);
    return open;
  }
}
