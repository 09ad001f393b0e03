import type { Event, Trait } from '../event/event.ts';
import { formatInstant } from '../event/instant.ts';

/** A trait as GraphQL's Trait: its name and type, the field of its type, and the same value untyped. */
function traitData({ name, type, value }: Trait) {
  if (type === 'TEXT') return { name, type, text: value, value };
  if (type === 'DATETIME') {
    const dateTime = formatInstant(value);
    return { name, type, dateTime, value: dateTime };
  }
  return type === 'INT' ? { name, type, int: value, value } : { name, type, float: value, value };
}

/**
 * An event as targets are sent it: under the names of GraphQL's Event, with the category as text. Fields that the
 * event does not have are null.
 */
export const eventData = (event: Event) => ({
  id: event.id,
  index: event.index,
  namespace: event.namespace,
  category: event.category,
  action: event.action,
  type: event.type,
  severity: event.severity,
  source: event.source,
  key: event.key,
  filterKeys: event.filterKeys,
  message: event.message,
  tags: event.tags,
  traits: event.traits.map(traitData),
  value: event.value,
  time: formatInstant(event.time),
  endTime: event.endTime === null ? null : formatInstant(event.endTime),
  recordedAt: formatInstant(event.recordedAt),
  dialect: event.dialect,
  raw: event.raw,
});
