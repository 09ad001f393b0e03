import { BatchChannel } from './batch-channel.ts';
import { type Channel, type ChannelMember, type ChannelMetrics, EventChannel } from './channel.ts';
import type { ChangeTarget } from './distributor.ts';
import type { FilterIndex, Registration } from './filter-index.ts';
import type { FeedOperation } from './subscription.ts';

interface OpenChannel {
  readonly channel: Channel;
  readonly registration: Registration<ChangeTarget>;
}

/** The channels that have members, by the key of their operation. */
export class Channels {
  readonly #open = new Map<string, OpenChannel>();
  readonly #filterIndex: FilterIndex<ChangeTarget>;
  readonly #metrics: ChannelMetrics;

  #members = 0;

  constructor(filterIndex: FilterIndex<ChangeTarget>, metrics: ChannelMetrics) {
    this.#filterIndex = filterIndex;
    this.#metrics = metrics;
  }

  get size(): number {
    return this.#open.size;
  }

  /** The number of members of all channels. */
  get members(): number {
    return this.#members;
  }

  has({ key }: FeedOperation): boolean {
    return this.#open.has(key);
  }

  add(operation: FeedOperation, member: ChannelMember): void {
    const open = this.#open.get(operation.key) ?? this.#create(operation);
    open.channel.add(member);
    this.#members++;
  }

  /** Closes the channel after its last member. */
  delete({ key }: FeedOperation, member: ChannelMember): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    if (open.channel.delete(member)) this.#members--;
    if (open.channel.size > 0) return;
    this.#open.delete(key);
    this.#filterIndex.remove(open.registration);
  }

  /** Sends a checkpoint in every channel in which nothing was sent in the last `quietMs`. */
  checkpoint(index: number, quietMs: number): void {
    for (const { channel } of this.#open.values()) channel.checkpoint(index, quietMs);
  }

  #create(operation: FeedOperation): OpenChannel {
    const channel = operation.batching
      ? new BatchChannel(operation, operation.batching, this.#metrics)
      : new EventChannel(operation, this.#metrics);
    const registration = this.#filterIndex.add(operation.request.filter, channel);
    const open = { channel, registration };
    this.#open.set(operation.key, open);
    return open;
  }
}
