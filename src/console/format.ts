const pad = (number: number, digits = 2): string => String(number).padStart(digits, '0');

/** In the reader's time zone: 2026-11-20. */
export function dayOf(ms: number): string {
  const date = new Date(ms);
  return `${pad(date.getFullYear(), 4)}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

/** In the reader's time zone: 08:15:30.123. */
export function clockOf(ms: number, withMilliseconds = true): string {
  const date = new Date(ms);
  const clock = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  return withMilliseconds ? `${clock}.${pad(date.getMilliseconds(), 3)}` : clock;
}

/** 08:15:30.123 of today, 11-20 08:15:30.123 of another day. */
export function shortTime(instant: string, nowMs = Date.now()): string {
  const ms = Date.parse(instant);
  const day = dayOf(ms);
  return day === dayOf(nowMs) ? clockOf(ms) : `${day.slice(5)} ${clockOf(ms)}`;
}

export function longTime(instant: string | number): string {
  const ms = typeof instant === 'number' ? instant : Date.parse(instant);
  return `${dayOf(ms)} ${clockOf(ms)}`;
}

/** Of a length of time: 350 ms, 1.5 s, 2 min 5 s, 3 h 20 min, 4 d 2 h. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1).replace(/\.0$/, '')} s`;
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ] as const;
  const largest = units.findIndex(([, length]) => ms >= length);
  let rest = ms;
  const parts = units.slice(largest, largest + 2).map(([unit, length]) => {
    const number = Math.floor(rest / length);
    rest -= number * length;
    return number === 0 ? '' : `${number} ${unit}`;
  });
  return parts.join(' ').trim();
}

const counts = new Intl.NumberFormat('en');
const amounts = new Intl.NumberFormat('en', { maximumSignificantDigits: 6 });

/** 12,345 */
export const count = (number: number): string => counts.format(number);

/** 1.23457 */
export const amount = (number: number | null | undefined): string =>
  number == null ? '–' : amounts.format(number);

/** `1 event`, `2 events`. */
export const counted = (number: number, noun: string): string =>
  `${count(number)} ${noun}${number === 1 ? '' : 's'}`;

/** `cloudevents binary`, for CLOUDEVENTS_BINARY. */
export const words = (name: string): string => name.toLowerCase().replaceAll('_', ' ');
