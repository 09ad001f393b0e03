import type { Instant } from './event.ts';
import { InputError, quoted } from './input-error.ts';

/** A string that is not an instant. The message is a phrase that follows the string: "has no day 31 ...". */
export class InstantError extends Error {
  override readonly name = 'InstantError';

  /** The same fault, of a string that a caller gave. */
  about(text: string, path: readonly string[]): InputError {
    return new InputError(path, `${quoted(text)} ${this.message}.`, { cause: this });
  }
}

/** The instants that can be written with years 0001 to 9999. */
const firstMillisecond = -62_135_596_800_000;
const lastMillisecond = 253_402_300_799_999;

const example = 'such as 2026-11-20T08:15:30.123Z';
const zero = 48;

/**
 * Reads an RFC 3339 date-time: its offset must be there, `t` and `z` may be lower case, up to 9 fraction
 * digits are taken and those behind the sixth dropped. Where microseconds are not exact (before 1684 and after 2255),
 * those behind the third are.
 * @throws InstantError
 */
export function parseInstant(text: string): Instant {
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const second = digits(text, 17, 2);
  const shaped =
    (text[10] === 'T' || text[10] === 't') &&
    text[4] === '-' &&
    text[7] === '-' &&
    text[13] === ':' &&
    text[16] === ':' &&
    year + month + day + hour + minute + second >= 0;
  if (!shaped) throw new InstantError(`is not an RFC 3339 date-time with an offset, ${example}`);
  if (second === 60) {
    throw new InstantError('is a leap second, which has no place on the time line: use second 59');
  }
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) {
    throw new InstantError('is a day that is not in the calendar');
  }
  if (hour > 23 || minute > 59 || second > 59) {
    throw new InstantError('is a time of day that does not exist: 00:00:00 to 23:59:59 do');
  }
  const zone = endOfFraction(text);
  const minutes =
    (daysBefore(year, month, day) * 24 + hour) * 60 + minute - offsetMinutes(text, zone);
  return instantOf(minutes * 60_000 + second * 1_000, microseconds(text, zone));
}

/** The instant at a millisecond, and whole microseconds behind it where they can be kept. @throws InstantError */
export function instantOf(milliseconds: number, microseconds = 0): Instant {
  if (milliseconds < firstMillisecond || milliseconds > lastMillisecond) {
    throw new InstantError('lies outside the years 0001 to 9999');
  }
  const instant = milliseconds * 1_000 + microseconds;
  return Number.isSafeInteger(instant)
    ? instant
    : (milliseconds + Math.floor(microseconds / 1_000)) * 1_000;
}

/** An instant that was computed elsewhere. @throws InstantError where it is none that can be written */
export function checkInstant(instant: number): Instant {
  if (!Number.isInteger(instant)) throw new InstantError('is not a whole number of microseconds');
  return instantOf(millisecondOf(instant), microsecondOf(instant));
}

/** The millisecond in which an instant lies. */
export const millisecondOf = (instant: Instant): number =>
  Number.isSafeInteger(instant) ? Math.floor(instant / 1_000) : Math.round(instant / 1_000);

/** The microsecond within that millisecond; 0 where microseconds are not exact. */
export const microsecondOf = (instant: Instant): number =>
  Number.isSafeInteger(instant) ? instant - Math.floor(instant / 1_000) * 1_000 : 0;

/** The instant at the beginning of its millisecond. */
export const wholeMillisecond = (instant: Instant): Instant => Math.floor(instant / 1_000) * 1_000;

/** RFC 3339 in UTC with 3 fraction digits, or 6 where microseconds are set: 2026-11-20T08:15:30.123Z. */
export function formatInstant(instant: Instant): string {
  const milliseconds = millisecondOf(instant);
  const day = Math.floor(milliseconds / 86_400_000);
  const within = milliseconds - day * 86_400_000;
  const hour = twoDigits(Math.floor(within / 3_600_000));
  const minute = twoDigits(Math.floor(within / 60_000) % 60);
  const second = twoDigits(Math.floor(within / 1_000) % 60);
  const text = `${textOfDay(day)}T${hour}:${minute}:${second}.${threeDigits(within % 1_000)}`;
  const rest = microsecondOf(instant);
  return rest === 0 ? `${text}Z` : `${text}${threeDigits(rest)}Z`;
}

/** Days are kept, as most instants are on a few of them. */
const keptDays = 1_000;
const textsOfDays = new Map<number, string>();

/** 2026-11-20 of days since 1970. */
function textOfDay(day: number): string {
  const kept = textsOfDays.get(day);
  if (kept !== undefined) return kept;
  if (textsOfDays.size === keptDays) textsOfDays.clear();
  const text = new Date(day * 86_400_000).toISOString().slice(0, 10);
  textsOfDays.set(day, text);
  return text;
}

/** padStart takes several times as long. */
const twoDigits = (number: number): string => (number < 10 ? `0${number}` : `${number}`);

function threeDigits(number: number): string {
  if (number < 10) return `00${number}`;
  return number < 100 ? `0${number}` : `${number}`;
}

export const now = (): Instant => Date.now() * 1_000;

/** Days from 1970-01-01 to a day of the Gregorian calendar, by the days of the 400 year cycle of leap years. */
export function daysBefore(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const cycle = Math.floor(marchYear / 400);
  const yearOfCycle = marchYear - cycle * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leapDays = Math.floor(yearOfCycle / 4) - Math.floor(yearOfCycle / 100);
  return cycle * 146_097 + yearOfCycle * 365 + leapDays + dayOfYear - 719_468;
}

/** Days in a month; 0 in the year 0000, which is not ours. */
export function daysIn(year: number, month: number): number {
  if (year === 0) return 0;
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** The number that `count` digits make; below any sum of others where they are not all digits. */
function digits(text: string, start: number, count: number): number {
  let number = 0;
  for (let at = start; at < start + count; at++) {
    const digit = text.charCodeAt(at) - zero;
    if (!(digit >= 0 && digit <= 9)) return -1_000_000;
    number = number * 10 + digit;
  }
  return number;
}

/** Where the offset begins. */
function endOfFraction(text: string): number {
  if (text[19] !== '.') return 19;
  let end = 20;
  while (digits(text, end, 1) >= 0) end++;
  if (end === 20 || end > 29) throw new InstantError('has a fraction that is not of 1 to 9 digits');
  return end;
}

/** The first six fraction digits, which end at `end`, as microseconds. */
function microseconds(text: string, end: number): number {
  let number = 0;
  for (let at = 20; at < 26; at++) number = number * 10 + (at < end ? digits(text, at, 1) : 0);
  return number;
}

function offsetMinutes(text: string, start: number): number {
  const sign = text[start];
  if ((sign === 'Z' || sign === 'z') && text.length === start + 1) return 0;
  const hours = digits(text, start + 1, 2);
  const minutes = digits(text, start + 4, 2);
  const shaped =
    (sign === '+' || sign === '-') && text[start + 3] === ':' && text.length === start + 6;
  if (!shaped || hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
    throw new InstantError(`has no offset of the form Z or +01:00, ${example}`);
  }
  return (hours * 60 + minutes) * (sign === '+' ? 1 : -1);
}
