import { daysBefore, daysIn } from '../../../event/instant.ts';
import { quoted } from './number.ts';
import { ConversionError } from './value.ts';

/** A moment in UTC: whole seconds since 1970 and microseconds of the second, exact in every year. */
export interface DateTime {
  readonly seconds: number;
  readonly microseconds: number;
}

/** The grammar of Python's iso8601 package; the colons between the parts of the time may be left out. */
const form = new RegExp(
  '^(\\d{4})(?:' +
    '(?:-(\\d{1,2})|(\\d{2})(?!\\n?$))(?:' +
    '(?:-(\\d{1,2})|(\\d{2}))(?:' +
    '[ T](\\d{2})(?::?(\\d{2}))?(?::?(\\d{1,2})(?:[.,](\\d+))?)?' +
    '(?:Z|([-+])(\\d{2}):?(\\d{2})?)?' +
    ')?)?)?\\n?$',
);

const daySeconds = 86_400;

/** Reads a time as iso8601.parse_date does; without a zone it is UTC. @throws ConversionError */
export function parseDateTime(text: string): DateTime {
  const match = form.exec(text);
  if (match === null) throw new ConversionError(`${quoted(text)} is no date and time`);
  const number = (group: number, otherwise = 0): number => Number(match[group] ?? otherwise);
  const [year, month, day] = [number(1), number(2, number(3, 1)), number(4, number(5, 1))];
  const [hour, minute, second] = [number(6), number(7), number(8)];
  const offset = (match[10] === '-' ? -60 : 60) * (number(11) * 60 + number(12));
  const inCalendar = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
  const onClock = hour < 24 && minute < 60 && second < 60 && Math.abs(offset) < daySeconds;
  if (!inCalendar || !onClock) throw new ConversionError(`${quoted(text)} is no date and time`);
  return {
    seconds:
      daysBefore(year, month, day) * daySeconds + hour * 3600 + minute * 60 + second - offset,
    microseconds: Number((match[9] ?? '').slice(0, 6).padEnd(6, '0')),
  };
}

const [firstSecond, lastSecond] = [-62_135_596_800, 253_402_300_799];

/** The same, where Python can hold it as a date in UTC. @throws ConversionError outside the years 1 to 9999 */
export function inUtc(time: DateTime): DateTime {
  if (time.seconds >= firstSecond && time.seconds <= lastSecond) return time;
  throw new ConversionError('the date lies outside the years 1 to 9999');
}

/** Python's isoformat() of the moment in UTC, without a zone: 2026-01-01T08:00:00.500000. */
export function isoText({ seconds, microseconds }: DateTime): string {
  const text = new Date(seconds * 1000).toISOString().replace(/\.000Z$/, '');
  return microseconds === 0 ? text : `${text}.${String(microseconds).padStart(6, '0')}`;
}
