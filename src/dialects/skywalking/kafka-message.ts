import type { EventDraft } from '../../event/draft.ts';
import type { Instant } from '../../event/event.ts';
import { draftOf } from './decode.ts';
import { MalformedMessage } from './message.ts';
import { eventFromBytes } from './wire.ts';

/** A message of the topic and its place, as far as its meaning depends on them. */
export interface TopicMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** When it was written, in milliseconds since the epoch, as a text; 0 and less where nobody knows. */
  readonly timestamp: string;
  readonly offset: string;
}

/** Where events are written: ours to define, as SkyWalking speaks of Kafka for them but has no topic. */
export const topicName = 'skywalking-events';

/** A name as it is in a namespace. Groups are named so too, as all members of one must follow the same topic. */
export const within = (namespace: string | null, name: string): string =>
  namespace === null ? name : `${namespace}-${name}`;

/**
 * The event in a message's value. Read again it says the same, so that a message that is delivered twice is
 * one event: one without uuid takes the message's key, or else the message's place, and one without times
 * the moment at which the message was written.
 * @throws MalformedMessage
 */
export function draftOfMessage(message: TopicMessage, partition: string, now: Instant): EventDraft {
  if (message.value === null) throw new MalformedMessage('The message has no value.');
  const event = eventFromBytes(message.value);
  const written = Number(message.timestamp) * 1000;
  const uuid = event.uuid || message.key?.toString() || `${partition}/${message.offset}`;
  return draftOf({ ...event, uuid }, written > 0 ? written : now);
}
