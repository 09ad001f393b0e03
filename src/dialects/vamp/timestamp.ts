import type { Instant } from '../../event/event.ts';
import { formatInstant, InstantError, parseInstant } from '../../event/instant.ts';

/** A date-time of Vamp: an instant, and how Vamp writes it. */
export interface Timestamp {
  readonly instant: Instant;
  /** In the offset it was given in, with all its digits: 2026-01-01T12:00:00.25+02:00. */
  readonly text: string;
}

/** java.time.OffsetDateTime.parse: seconds may be missing, the offset must be there and within 18 hours. */
const shape =
  /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d)(?:(:\d\d)(\.\d{1,9})?)?([Zz]|[+-](?:0\d|1[0-7]):\d\d|[+-]18:00)$/;

/** Null where the string is not a date-time with an offset. */
export function parseTimestamp(given: string): Timestamp | null {
  const [, date, minute, second = ':00', fraction = '', offset] = shape.exec(given) ?? [];
  if (offset === undefined) return null;
  const zone = /[1-9]/.test(offset) ? offset : 'Z';
  const text = `${date}T${minute}${second}${fraction.replace(/\.?0+$/, '')}${zone}`;
  try {
    return { instant: parseInstant(text), text };
  } catch (error) {
    if (error instanceof InstantError) return null;
    throw error;
  }
}

/** java.time's ISO_OFFSET_DATE_TIME in UTC, without trailing zeros of the fraction. */
export const formatTimestamp = (instant: Instant): string =>
  formatInstant(instant).replace(/\.?0*Z$/, 'Z');
