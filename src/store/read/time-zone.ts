import type { Instant } from '../../event/event.ts';

const day = 86_400_000;

/** Before it, clocks of some zones were set by fractions of a minute: such a day does not begin with a minute of UTC. */
const wholeMinutesSinceMs = Date.UTC(1973, 0);
export const wholeMinutesSince: Instant = wholeMinutesSinceMs * 1_000;

/** Clocks are set forward and back for longer than this. */
const stepMs = 10 * day;
const aheadMs = 730 * day;

const known = new Map<string, 1 | 60>();

/**
 * Minutes of UTC of which each day of the time zone, since `wholeMinutesSince`, is a whole number of: hours where its clock
 * differs from UTC by whole hours. Null for what is not a name: PostgreSQL also takes zones of any number of seconds.
 */
export function minutesOfDays(timeZone: string): 1 | 60 | null {
  if (timeZone === 'UTC') return 60;
  let clock: Intl.DateTimeFormat;
  try {
    clock = new Intl.DateTimeFormat('en', { timeZone, minute: 'numeric' });
  } catch {
    return null;
  }
  // PostgreSQL may take it as an abbreviation: NST is Newfoundland's time there, and New Zealand's here.
  if (!timeZone.includes('/')) return 1;
  const name = clock.resolvedOptions().timeZone;
  const minutes = known.get(name) ?? (isOfHours(clock) ? 60 : 1);
  known.set(name, minutes);
  return minutes;
}

function isOfHours(clock: Intl.DateTimeFormat): boolean {
  const end = Date.now() + aheadMs;
  for (let moment = wholeMinutesSinceMs; moment < end; moment += stepMs) {
    if (Number(clock.format(moment)) !== 0) return false;
  }
  return true;
}
