import { v5 } from 'uuid';
import type { Event } from '../../event/event.ts';
import { readUuid } from '../../event/uuid.ts';

/** The name space of the ids that are made of other strings than UUIDs; it must never change. */
const nameSpace = '8a3c2c0e-6d1f-5f0b-9c55-0d6a4b7f2e91';

/** The id under which Tidings keeps the event of a SkyWalking uuid, which may be any string: always the same for the same string. */
export const eventId = (uuid: string): string => readUuid(uuid) ?? v5(uuid, nameSpace);

/** The uuid that the reporter gave: a filter key where it is not the id itself. */
export const reportedUuid = ({ id, filterKeys }: Pick<Event, 'id' | 'filterKeys'>): string =>
  filterKeys.find((key) => key !== id && eventId(key) === id) ?? id;
