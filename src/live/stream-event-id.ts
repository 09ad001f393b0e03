import { readUuid } from '../event/uuid.ts';

/** The id of a server-sent event: names the journal, because an index means nothing in another one. */
export interface StreamEventId {
  /** Null where the client gave an index alone. */
  readonly journalId: string | null;
  readonly index: number;
}

export const formatStreamEventId = (journalId: string, index: number): string =>
  `${journalId}-${index}`;

/** Reads `<journalId>-<index>` or an index alone; null for anything else. */
export function parseStreamEventId(id: string): StreamEventId | null {
  const [, journal, digits] = /^(?:(.{36})-)?(\d{1,16})$/.exec(id) ?? [];
  const index = Number(digits);
  if (digits === undefined || !Number.isSafeInteger(index)) return null;
  if (journal === undefined) return { journalId: null, index };
  const journalId = readUuid(journal);
  return journalId === null ? null : { journalId, index };
}
