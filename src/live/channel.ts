import type { Event, Instant } from '../event/event.ts';
import type { FeedBatch } from './feed.ts';
import type { FeedOperation, Message } from './subscription.ts';

/** A subscription that a channel sends to. */
export interface ChannelMember {
  /** Everything up to this index was sent to it. */
  readonly index: number;
  send(message: Message): void;
  checkpoint(index: number): void;
  /** Its feed must end: events come faster than the selection is executed. */
  overrun(): void;
}

export interface ChannelMetrics {
  /** A message was handed to this number of subscriptions. */
  delivered(subscriptions: number): void;
  /** A live event, or a batch up to this index, was handed to subscriptions. */
  handedOver(index: number, recordedAt: Instant): void;
}

/** Results of one channel that may be pending at a time. */
const maxPendingResults = 1_024;

/**
 * Equal subscriptions. Their selection is executed and serialised once for each message. A selection that is
 * asynchronous is executed for several messages at a time, and the results are sent in order.
 */
export abstract class Channel {
  protected readonly operation: FeedOperation;
  readonly #metrics: ChannelMetrics;
  readonly #members = new Set<ChannelMember>();
  #pendingResults = 0;
  /** Resolves when the latest pending result was sent. */
  #latestSent: Promise<void> = Promise.resolve();
  /** The time of the latest tick: to ask for it takes as long as to send a message. */
  #tickMs = performance.now();
  #sentAtMs = this.#tickMs;

  constructor(operation: FeedOperation, metrics: ChannelMetrics) {
    this.operation = operation;
    this.#metrics = metrics;
  }

  get size(): number {
    return this.#members.size;
  }

  add(member: ChannelMember): void {
    this.#members.add(member);
  }

  /** Returns false for one that is not a member. */
  delete(member: ChannelMember): boolean {
    return this.#members.delete(member);
  }

  /** Takes a change that matches the filter; returns the number of members. */
  abstract take(event: Event): number;

  /** Sends the events that wait for a full batch. */
  abstract flush(): void;

  /**
   * A tick: sends the members an index up to which nothing else matched, unless something was sent in the last `quietMs`. What
   * was sent counts as sent at the tick before it.
   */
  checkpoint(index: number, quietMs: number): void {
    this.#tickMs = performance.now();
    if (this.#tickMs - this.#sentAtMs < quietMs) return;
    this.#sentAtMs = this.#tickMs;
    this.flush();
    if (this.#pendingResults === 0) this.sendCheckpoint(index, this.#members);
  }

  protected abstract sendCheckpoint(index: number, members: ReadonlySet<ChannelMember>): void;

  /** Executes, serialises, and sends to all members in order. */
  protected execute(root: Event | FeedBatch, recordedAt: Instant | null): void {
    this.#sentAtMs = this.#tickMs;
    const result = this.operation.render(root);
    if (typeof result === 'string' && this.#pendingResults === 0) {
      this.#deliver(messageOf(root.index, result), recordedAt);
      return;
    }
    if (this.#pendingResults === maxPendingResults) {
      for (const member of this.#members) member.overrun();
      return;
    }
    this.#pendingResults++;
    this.#latestSent = Promise.all([result, this.#latestSent]).then(([json]) => {
      this.#pendingResults--;
      this.#deliver(messageOf(root.index, json), recordedAt);
    });
  }

  #deliver(message: Message, recordedAt: Instant | null): void {
    let delivered = 0;
    for (const member of this.#members) {
      if (member.index >= message.index) continue;
      member.send(message);
      delivered++;
    }
    this.#metrics.delivered(delivered);
    if (recordedAt !== null) this.#metrics.handedOver(message.index, recordedAt);
  }
}

/** One character a byte, so that the message can be joined with others and written without being encoded again. */
export function messageOf(index: number, json: string): Message {
  // Channels with other filters have the same result of an event, one after another.
  if (latest.index === index && latest.json === json) return latest.message;
  const ascii = Buffer.byteLength(json) === json.length;
  const message = { index, bytes: ascii ? json : Buffer.from(json).toString('latin1') };
  latest = { index, json, message };
  return message;
}

let latest = { index: -1, json: '', message: { index: -1, bytes: '' } };

/** A message for each event. */
export class EventChannel extends Channel {
  take(event: Event): number {
    this.execute(event, event.recordedAt);
    return this.size;
  }

  flush(): void {
    // Every event is sent at once.
  }

  protected sendCheckpoint(index: number, members: ReadonlySet<ChannelMember>): void {
    for (const member of members) if (member.index < index) member.checkpoint(index);
  }
}
