import type { SessionChange } from '../../access/access.ts';
import { FeedError } from '../../live/feed.ts';
import type {
  FeedOperation,
  FeedReceiver,
  Message,
  Subscribe,
  Subscription,
} from '../../live/subscription.ts';
import { feedForbidden } from '../feeds/feed-forbidden.ts';
import type { Outbox, Owner } from '../feeds/outbox.ts';
import { slowConsumer } from '../feeds/slow-consumer.ts';
import { Ending } from './ending.ts';
import { textFrameHead } from './frame.ts';

/**
 * A subscription over a socket. Each message is the id of the operation and the result that all equal subscriptions share. It
 * is written to the socket directly; graphql-ws is notified of the end only.
 */
export class WebSocketOperation implements FeedReceiver, Owner {
  /** graphql-ws iterates it. */
  readonly ending = new Ending(() => this.#subscription?.cancel());
  readonly #outbox: Outbox;
  readonly #onOverflow: () => void;
  /** The beginning of each message up to the result, one character a byte. */
  readonly #prefix: string;
  #subscription: Subscription | null = null;
  #lastIndex = 0;

  constructor(id: string, outbox: Outbox, onOverflow: () => void) {
    this.#outbox = outbox;
    this.#onOverflow = onOverflow;
    const prefix = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
    this.#prefix = Buffer.from(prefix).toString('latin1');
  }

  start(operation: FeedOperation, subscribe: Subscribe): void {
    try {
      this.#subscription = subscribe(operation, this);
    } catch (error) {
      if (!(error instanceof FeedError)) throw error;
      this.ending.end(error);
    }
  }

  begin(index: number): void {
    this.#lastIndex = index;
  }

  send({ bytes, index }: Message): void {
    const length = this.#prefix.length + bytes.length + 1;
    this.#outbox.push(`${textFrameHead(length)}${this.#prefix}${bytes}}`, this, index);
  }

  get hasRoom(): boolean {
    return this.#outbox.hasRoom;
  }

  room(): Promise<void> {
    return this.#outbox.room();
  }

  checkpoint(): void {
    // The protocol has no message for it: followers of sparse feeds ask for eventBatches.
  }

  end(error: FeedError | null): void {
    this.ending.end(error);
  }

  onEnd(ended: () => void): void {
    this.ending.onEnd(ended);
  }

  /** The caller may not follow any more. */
  forbid(change: SessionChange): void {
    this.#subscription?.cancel();
    this.#outbox.drop(this);
    this.ending.end(feedForbidden(change, this.#lastIndex));
  }

  sent(index: number): void {
    this.#lastIndex = index;
  }

  overflowed(): void {
    this.#subscription?.cancel();
    this.ending.end(slowConsumer(this.#lastIndex));
    this.#onOverflow();
  }
}
