import type { EventDraft } from '../../event/draft.ts';
import type { Instant } from '../../event/event.ts';
import { draftOf } from './decode.ts';
import { MalformedMessage } from './message.ts';
import { eventFromBytes } from './wire.ts';

/** A message of the topic, and its offset where its id depends on it. */
export interface TopicMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** When it was written: decimal milliseconds since the epoch; 0 or less where unknown. */
  readonly timestamp: string;
  readonly offset: string;
}

/** The topic of events. The name is ours: SkyWalking names none. */
export const topicName = 'skywalking-events';

/** The name of a topic or a group in a namespace: all members of a group must follow the same topic. */
export const within = (namespace: string | null, name: string): string =>
  namespace === null ? name : `${namespace}-${name}`;

/**
 * The event in a message's value. Reading it again gives the same draft, so that a message that is delivered twice is
 * one event: without a uuid it takes the message's key, else its partition and offset; without times it happened when
 * the message was written.
 * @throws MalformedMessage
 */
export function draftOfMessage(message: TopicMessage, partition: string, now: Instant): EventDraft {
  if (message.value === null) throw new MalformedMessage('The message has no value.');
  const event = eventFromBytes(message.value);
  const written = Number(message.timestamp) * 1000;
  const uuid = event.uuid || message.key?.toString() || `${partition}/${message.offset}`;
  return draftOf({ ...event, uuid }, written > 0 ? written : now);
}
