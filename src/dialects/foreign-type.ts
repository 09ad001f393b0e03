import type { EventDraft } from '../event/draft.ts';

/**
 * The type of a system whose types are any string. One that begins or ends with its only dot has no name on one side:
 * it is a category as a whole.
 */
export function foreignType(type: string): Pick<EventDraft, 'type' | 'category'> {
  const dot = type.indexOf('.');
  return dot === 0 || dot === type.length - 1 ? { category: type } : { type };
}
