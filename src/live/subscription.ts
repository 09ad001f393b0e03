import type { Event } from '../event/event.ts';
import type { FeedBatch, FeedError, FeedRequest } from './feed.ts';

export interface Batching {
  /** Events of a batch at most. */
  readonly maxSize: number;
  /** A batch that is not full is sent after this time. */
  readonly maxWaitMicros: number;
}

/** A subscription whose document and arguments have been read. */
export interface FeedOperation {
  /** Equal for subscriptions with the same results: the same selection, filter, batching and rights. */
  readonly key: string;
  readonly request: FeedRequest;
  /** Null: a message for each event. */
  readonly batching: Batching | null;
  /** Executes the selection for one event or one batch, and serialises the result as JSON. Never fails. */
  readonly render: (root: Event | FeedBatch) => string | Promise<string>;
}

/** One result, shared by all subscriptions to which it is sent. */
export interface Message {
  /** Everything that matches up to this index was sent with this message and those before. */
  readonly index: number;
  /** The result's JSON in UTF-8, one character a byte ("latin1"). */
  readonly bytes: string;
}

/** The connection's side of one subscription. */
export interface FeedReceiver {
  /** The feed begins: everything up to this index was sent before, or is not wanted. */
  begin(index: number, journalId: string): void;

  /** Messages of one turn of the event loop may leave in one write. */
  send(message: Message): void;

  /** Whether it takes more: the backfill waits for it. */
  readonly hasRoom: boolean;

  /** Resolves once there is room, or the connection has closed. */
  room(): Promise<void>;

  /** Nothing else matched up to this index. Only for subscriptions without batching: those get an empty batch. */
  checkpoint(index: number): void;

  /** The feed has ended: with an error, or (null) because the gateway closes. Nothing follows. */
  end(error: FeedError | null): void;
}

export interface Subscription {
  /** Ends it: nothing more is sent to the receiver. */
  cancel(): void;
}

/** Begins a subscription. @throws FeedError */
export type Subscribe = (operation: FeedOperation, receiver: FeedReceiver) => Subscription;
