import type { Event, Instant } from '../event/event.ts';
import type { FeedBatch } from './feed.ts';
import type { FeedOperation, Message } from './subscription.ts';

/** Whom a channel sends to. */
export interface Member {
  /** The index up to which it has been sent everything: what is not behind it is not for it. */
  readonly index: number;
  send(message: Message): void;
  checkpoint(index: number): void;
  /** The selection takes longer than the events come. */
  overrun(): void;
}

export interface ChannelMetrics {
  /** A message was handed to so many subscriptions. */
  delivered(subscriptions: number): void;
  /** Seconds from recordedAt until a live event was handed to its subscriptions. */
  delay(seconds: number): void;
}

/** Results that may be waited for at a time. */
const mostUnsettled = 1_024;

/**
 * Everyone who is sent the same text: what is selected is executed and serialised once for each message. A
 * selection that has to wait for something is executed ahead, but sent in order.
 */
export abstract class Channel {
  protected readonly operation: FeedOperation;
  readonly #metrics: ChannelMetrics;
  readonly #members = new Set<Member>();
  #unsettled = 0;
  #settled: Promise<void> = Promise.resolve();
  #sentAt = performance.now();

  constructor(operation: FeedOperation, metrics: ChannelMetrics) {
    this.operation = operation;
    this.#metrics = metrics;
  }

  get size(): number {
    return this.#members.size;
  }

  add(member: Member): void {
    this.#members.add(member);
  }

  /** Answers whether it was one. */
  delete(member: Member): boolean {
    return this.#members.delete(member);
  }

  /** Takes a change that matches the filter; answers for how many members. */
  abstract take(event: Event): number;

  /** Sends what still waits for company. */
  abstract flush(): void;

  /** Tells the members that nothing matched up to here, if they have heard nothing for so many milliseconds. */
  checkpoint(index: number, after: number): void {
    if (performance.now() - this.#sentAt < after) return;
    this.#sentAt = performance.now();
    this.flush();
    if (this.#unsettled === 0) this.tellPosition(index, this.#members);
  }

  protected abstract tellPosition(index: number, members: ReadonlySet<Member>): void;

  /** Executes, serialises, and sends to all members in order. */
  protected execute(root: Event | FeedBatch, recordedAt: Instant | null): void {
    this.#sentAt = performance.now();
    const text = this.operation.render(root);
    if (typeof text === 'string' && this.#unsettled === 0) {
      this.#deliver(messageOf(root.index, text), recordedAt);
      return;
    }
    if (this.#unsettled === mostUnsettled) {
      for (const member of this.#members) member.overrun();
      return;
    }
    this.#unsettled++;
    this.#settled = Promise.all([text, this.#settled]).then(([settled]) => {
      this.#unsettled--;
      this.#deliver(messageOf(root.index, settled), recordedAt);
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
    if (recordedAt !== null) this.#metrics.delay(Date.now() / 1e3 - recordedAt / 1e6);
  }
}

/** JSON as the bytes it is sent in, one a character: joined and written without being encoded again. */
export function messageOf(index: number, text: string): Message {
  const ascii = Buffer.byteLength(text) === text.length;
  return { index, bytes: ascii ? text : Buffer.from(text).toString('latin1') };
}

/** A message for each event. */
export class EventChannel extends Channel {
  take(event: Event): number {
    this.execute(event, event.recordedAt);
    return this.size;
  }

  flush(): void {
    // Nothing waits: every event is sent at once.
  }

  protected tellPosition(index: number, members: ReadonlySet<Member>): void {
    for (const member of members) if (member.index < index) member.checkpoint(index);
  }
}
