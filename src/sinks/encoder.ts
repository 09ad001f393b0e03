import type { Event } from '../event/event.ts';

/** What a target is sent: text, and what it is. */
export interface EncodedMessage {
  readonly contentType: string;
  /** Headers or properties that the format itself has, as CloudEvents' attributes in binary mode. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What an encoder may know of the sink that it encodes for. */
export interface EncodingContext {
  readonly sinkId: string;
  /** Set in a replay: then a target may take the message for one that it has seen. */
  readonly replay: boolean;
}

/** A format of messages: a sink knows only this, and no system. */
export interface Encoder {
  /** A member of SinkFormat. */
  readonly format: string;
  /** Events in one message at most; 1 for formats that take one. */
  readonly maxBatch: number;
  /**
   * One message of events in index order; null where the format has nothing to say of them.
   * @throws UndeliverableEvent when it can never be encoded
   */
  encode(events: readonly Event[], context: EncodingContext): EncodedMessage | null;
  /** The message that tells a target that events in (from, to] were deleted before they could be delivered. */
  encodeGap?(from: number, to: number): EncodedMessage;
}

/** An event that no retry will deliver: its failed delivery is dead at once. */
export class UndeliverableEvent extends Error {
  override readonly name = 'UndeliverableEvent';
}
