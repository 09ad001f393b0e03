import type { Instant } from './event.ts';
import type { TimeSpan } from './filter.ts';
import { InputError } from './input-error.ts';
import {
  daysBefore,
  daysIn,
  InstantError,
  instantOf,
  microsecondOf,
  millisecondOf,
  parseInstant,
} from './instant.ts';

/** A text (an instant, whole or in part, or date math), or epoch milliseconds. */
export type TimeExpression = string | number;

export interface TimeRangeInput {
  readonly gt?: TimeExpression | null | undefined;
  readonly gte?: TimeExpression | null | undefined;
  readonly lt?: TimeExpression | null | undefined;
  readonly lte?: TimeExpression | null | undefined;
}

/** Which end of the unit an expression names stands for it: of 2026-11-20, the first or the last instant of the day. */
export type Rounding = 'DOWN' | 'UP';

/** A unit of date math. */
type Step = 'y' | 'M' | 'w' | 'd' | 'h' | 'm' | 's';
type Unit = Step | 'us';

/** Characters: an instant and a dozen steps of date math. */
const maxLength = 256;
const day = 86_400_000;
/** Milliseconds in the units that are always as long. */
const lengths = { w: 7 * day, d: day, h: 3_600_000, m: 60_000, s: 1_000 } as const;
/** 1970-01-05, the first Monday: where weeks are counted from. */
const monday = 4 * day;

const partial =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[Tt](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?([Zz]|[+-]\d\d:\d\d)?)?)?)?$/;
const epochMilliseconds = /^-?\d{5,}$/;
const nowWithMath = /^now(?:\(\))?\s*([+\-/].*)?$/s;
const mathStep = /\s*(?:([+-])\s*(\d{0,9})\s*([yMwdhHms])|\/\s*([yMwdhHms]))\s*/y;

/**
 * Reads a range of time. gt and lte take the last instant of what they name, gte and lt the first: of a day, an hour or
 * a minute. An instant with seconds, and epoch milliseconds, name that instant alone.
 * @param now what `now` means in date math
 * @throws InputError naming the bound
 */
export function parseTimeRange(
  range: TimeRangeInput,
  now: Instant,
  path: readonly string[],
): TimeSpan {
  const { gt, gte, lt, lte } = range;
  if (gt != null && gte != null) throw twoBounds(path, 'gt', 'gte');
  if (lt != null && lte != null) throw twoBounds(path, 'lt', 'lte');
  const bound = (name: keyof TimeRangeInput, rounding: Rounding, steps: -1 | 0 | 1 = 0) => {
    const expression = range[name];
    return expression == null
      ? null
      : readable(expression, [...path, name], () => {
          const instant = resolve(expression, now, rounding);
          return steps === 0 ? instant : neighbour(instant, steps);
        });
  };
  return {
    from: bound('gte', 'DOWN') ?? bound('gt', 'UP', 1),
    to: bound('lte', 'UP') ?? bound('lt', 'DOWN', -1),
  };
}

/** The one instant that stands for an expression. @throws InputError */
export function parseTimeExpression(
  expression: TimeExpression,
  now: Instant,
  rounding: Rounding,
  path: readonly string[],
): Instant {
  return readable(expression, path, () => resolve(expression, now, rounding));
}

const twoBounds = (path: readonly string[], name: string, other: string): InputError =>
  new InputError([...path, name], `Give either ${name} or ${other}, not both.`);

function readable<Result>(
  expression: TimeExpression,
  path: readonly string[],
  read: () => Result,
): Result {
  try {
    return read();
  } catch (error) {
    throw error instanceof InstantError ? error.about(String(expression), path) : error;
  }
}

function resolve(expression: TimeExpression, now: Instant, rounding: Rounding): Instant {
  if (typeof expression === 'number') return atMilliseconds(expression);
  if (expression.length > maxLength) {
    throw new InstantError(`has ${expression.length} characters: a time has ${maxLength} at most`);
  }
  const text = expression.trim();
  const [matched, math] = nowWithMath.exec(text) ?? [];
  if (matched !== undefined) return calculate(now, math ?? '', rounding);
  if (epochMilliseconds.test(text)) return atMilliseconds(Number(text));
  const bars = text.indexOf('||');
  if (bars === -1) return anchored(text, rounding);
  // As in Elasticsearch, what is missing in a date before date math is filled up with the beginning.
  return calculate(anchored(text.slice(0, bars), 'DOWN'), text.slice(bars + 2), rounding);
}

function atMilliseconds(milliseconds: number): Instant {
  if (!Number.isInteger(milliseconds)) {
    throw new InstantError('is not a whole number of epoch milliseconds');
  }
  return instantOf(milliseconds);
}

/** An RFC 3339 instant whose last parts may be missing; without an offset it is UTC. */
function anchored(text: string, rounding: Rounding): Instant {
  const parts = partial.exec(text);
  if (!parts) {
    throw new InstantError(
      'is not a time: give an instant (2026-11-20T08:15:30Z, 2026-11-20, 2026-11), epoch milliseconds, ' +
        'or date math (now-15m, now-1d/d, 2026-11-01||+1M/d)',
    );
  }
  const [, year, month = '01', date = '01', hour = '00', minute = '00', second = '00'] = parts;
  const fraction = parts[7] === undefined ? '' : `.${parts[7]}`;
  const offset = parts[8] ?? 'Z';
  const start = parseInstant(
    `${year}-${month}-${date}T${hour}:${minute}:${second}${fraction}${offset}`,
  );
  return rounded(start, smallestUnit(parts), rounding);
}

/** The smallest part that was given; with seconds an instant is whole, whatever its fraction. */
function smallestUnit(parts: RegExpExecArray): Unit {
  const given = (['M', 'd', 'h', 'm', 'us'] as const).filter(
    (_, at) => parts[at + 2] !== undefined,
  );
  return given.at(-1) ?? 'y';
}

/** Date math: +1M, -15m, /d, one behind the other. */
function calculate(anchor: Instant, math: string, rounding: Rounding): Instant {
  let instant = anchor;
  mathStep.lastIndex = 0;
  while (mathStep.lastIndex < math.length) {
    const [, sign, count, unit, roundedUnit] = mathStep.exec(math) ?? [];
    if (roundedUnit !== undefined) {
      const whole = unitOf(roundedUnit);
      instant = rounded(startOf(instant, whole), whole, rounding);
    } else if (unit !== undefined) {
      const times = Number(count || 1) * (sign === '-' ? -1 : 1);
      instant = plus(instant, times, unitOf(unit));
    } else {
      throw new InstantError(
        'has date math that cannot be read: steps are +1d, -15m or /d, with the units y M w d h H m s',
      );
    }
  }
  return instant;
}

const unitOf = (letter: string): Step => (letter === 'H' ? 'h' : (letter as Step));

/** The first or the last instant of the unit that begins at `start`. */
function rounded(start: Instant, unit: Unit, rounding: Rounding): Instant {
  if (rounding === 'DOWN' || unit === 'us') return start;
  return instantOf(moved(millisecondOf(start), 1, unit) - 1, 999);
}

/** The instant before or after; where microseconds are not exact, in the millisecond before or after. */
function neighbour(instant: Instant, steps: -1 | 1): Instant {
  const next = instant + steps;
  return Number.isSafeInteger(next) ? next : instantOf(millisecondOf(instant) + steps);
}

const plus = (instant: Instant, count: number, unit: Step): Instant =>
  instantOf(moved(millisecondOf(instant), count, unit), microsecondOf(instant));

const moved = (milliseconds: number, count: number, unit: Exclude<Unit, 'us'>): number =>
  unit === 'y' || unit === 'M'
    ? plusMonths(milliseconds, unit === 'y' ? count * 12 : count)
    : milliseconds + count * lengths[unit];

/** The same day and time of another month; its last day where it has no such day. */
function plusMonths(milliseconds: number, count: number): number {
  const date = new Date(milliseconds);
  const months = date.getUTCFullYear() * 12 + date.getUTCMonth() + count;
  const year = Math.floor(months / 12);
  const month = months - year * 12 + 1;
  const dayOfMonth = Math.min(date.getUTCDate(), daysIn(year, month));
  const timeOfDay = milliseconds - Math.floor(milliseconds / day) * day;
  return daysBefore(year, month, dayOfMonth) * day + timeOfDay;
}

function startOf(instant: Instant, unit: Step): Instant {
  const milliseconds = millisecondOf(instant);
  if (unit === 'y' || unit === 'M') {
    const date = new Date(milliseconds);
    const month = unit === 'y' ? 1 : date.getUTCMonth() + 1;
    return instantOf(daysBefore(date.getUTCFullYear(), month, 1) * day);
  }
  const length = lengths[unit];
  const origin = unit === 'w' ? monday : 0;
  return instantOf(Math.floor((milliseconds - origin) / length) * length + origin);
}
