import type { EventDraft } from '../../event/draft.ts';
import type { Instant, Json } from '../../event/event.ts';
import { parseJson } from '../../event/json.ts';
import { isNestedDeeper, maxDocumentDepth } from '../../event/json-depth.ts';
import { draftOf } from './decode.ts';
import { eventFromJson } from './json.ts';
import { type EventMessage, MalformedMessage } from './message.ts';

/** An event of a body, and its JSON as it was sent. */
interface ListedEvent {
  readonly raw: Json;
  readonly event: EventMessage;
}

/** Events of one body: more than any agent sends, and few enough to read at once. */
const maxEvents = 10_000;

/**
 * The events in the body of POST /v3/events; null where it is not an array.
 * @throws SyntaxError where it is not JSON; MalformedMessage
 */
export function eventsIn(body: string): readonly ListedEvent[] | null {
  if (isNestedDeeper(body)) {
    throw new MalformedMessage(
      `The body is nested more than ${maxDocumentDepth} levels deep: flatten it.`,
      { status: 400 },
    );
  }
  const json = parseJson(body);
  if (!Array.isArray(json)) return null;
  if (json.length > maxEvents) {
    throw new MalformedMessage(
      `The body has ${json.length} events: send ${maxEvents} at most in one request.`,
      { status: 413 },
    );
  }
  return json.map((raw) => ({ raw, event: eventFromJson(raw) }));
}

/** Drafts whose sender learns from the answer that a time is too far in the future. */
export const draftsOf = (events: readonly ListedEvent[], now: Instant): readonly EventDraft[] =>
  events.map(({ raw, event }) => draftOf(event, now, { raw, clock: 'REJECT' }));
