import type { Event } from '../event/event.ts';
import type { FeedBatch, FeedError, FeedRequest } from './feed.ts';

/** How a feed of batches is cut. */
export interface Batching {
  /** Events in a batch at most. */
  readonly maxSize: number;
  /** Microseconds a batch waits to be full. */
  readonly maxWait: number;
}

/** A subscription whose document and arguments have been read. */
export interface FeedOperation {
  /** Equal for subscriptions that are sent the same text: same selection, filter, batching and rights. */
  readonly key: string;
  readonly request: FeedRequest;
  /** Null: a message for each event. */
  readonly batching: Batching | null;
  /** Executes the selection upon one event, or one batch, and serialises the result as JSON. Never fails. */
  readonly render: (root: Event | FeedBatch) => string | Promise<string>;
}

/** One result, shared by everyone it is sent to. */
export interface Message {
  /** Everything that matches up to here has been sent with it. */
  readonly index: number;
  /** The result's JSON in UTF-8, a byte a character ("latin1"). */
  readonly bytes: string;
}

/** Where one subscription's messages go. */
export interface FeedSink {
  /** The feed begins: everything up to this index was sent before, or is not wanted. */
  begin(index: number): void;

  /** Takes a message; many in one turn may leave in one write. */
  send(message: Message): void;

  /** Whether there is room for more: history waits for it. */
  readonly hasRoom: boolean;

  /** Resolves once there is room, or the sink has gone. */
  room(): Promise<void>;

  /** The journal advanced to here and nothing matched: only for subscriptions without batching. */
  checkpoint(index: number): void;

  /** The feed has ended, because of an error or (null) because the gateway closes. Nothing follows. */
  end(error: FeedError | null): void;
}

/** A subscription that was begun. */
export interface Subscription {
  /** Ends it: the sink is told nothing more. */
  cancel(): void;
}
