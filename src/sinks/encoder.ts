import type { Event } from '../event/event.ts';
import type { Target } from './target.ts';

/** A message as targets are sent it. */
export interface EncodedMessage {
  readonly contentType: string;
  /** Headers or properties that the format itself has, as CloudEvents' attributes in binary mode. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Facts about the sink that an encoder may use. */
interface EncodingContext {
  readonly sinkId: string;
  /** Set in a replay: then a target may take the message for one that it has seen. */
  readonly replay: boolean;
  /** The target's header X-Routing-Key, for formats that have it in the body; null without one. */
  readonly routingKey: string | null;
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
  /** Says to a target that events in (from, to] were deleted before they could be delivered. */
  encodeGap?(from: number, to: number): EncodedMessage;
  /** Wraps the target of a sink, for a format whose deliveries are events themselves. */
  around?(target: Target, sink: NamedSink): Target;
}

/** The sink whose target an encoder wraps. */
interface NamedSink {
  readonly name: string;
  readonly namespace: string;
}

/** An event that no retry will deliver: its failed delivery is dead at once. */
export class UndeliverableEvent extends Error {
  override readonly name = 'UndeliverableEvent';
}
