import type { EventDraft } from './draft.ts';
import type { Event, Trait } from './event.ts';

/** The trait that keeps whose request an event was reported in: the traceparent of W3C Trace Context. */
export const traceparentTrait = 'traceparent';

const form =
  /^(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})(-.*)?$/;

/** As version 00 has it, whose fields later versions keep; null where it is none. */
export function readTraceparent(text: unknown): string | null {
  if (typeof text !== 'string' || text.length > 256) return null;
  const [, version, fields, rest] = form.exec(text.trim()) ?? [];
  if (fields === undefined || (version === '00' && rest !== undefined)) return null;
  return `00-${fields}`;
}

/** A draft that was sent under this header; as it is where that is none. */
export function sentWith(draft: EventDraft, header: unknown): EventDraft {
  const traceparent = readTraceparent(header);
  return traceparent === null ? draft : { ...draft, traceparent };
}

/** Where the event was reported, or null where it does not say. */
export function traceparentOf({ traits }: Pick<Event, 'traits'>): string | null {
  const trait = traits.find(({ name }) => name === traceparentTrait);
  return readTraceparent(trait?.value);
}

/** The reporter's own trait of that name stays. */
export function withTraceparent(
  traits: readonly Trait[],
  given: string | undefined,
): readonly Trait[] {
  const value = readTraceparent(given);
  if (value === null || traits.some(({ name }) => name === traceparentTrait)) return traits;
  return [...traits, { name: traceparentTrait, type: 'TEXT', value }];
}
