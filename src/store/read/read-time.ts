import { Unavailable } from '../../runtime/unavailable.ts';
import { cancelled, sqlState } from '../database/outage.ts';

/** More events have to be read than there is time for: the same request fails again. */
class TooSlow extends Unavailable {
  override readonly retryAfterSeconds = null;
}

/**
 * Statistics that read events one by one.
 * @throws Unavailable that says what to narrow where they take too long
 */
export async function withinTime<Result>(reading: Promise<Result>): Promise<Result> {
  try {
    return await reading;
  } catch (cause) {
    if (!(cause instanceof Unavailable) || sqlState(cause.cause) !== cancelled) throw cause;
    throw new TooSlow(
      'The database took too long to read all of these events: narrow filter.time, or add a tag or a key. Counts by namespace, severity, dialect, and type or a single tag, in intervals of whole minutes, are answered for any span of time.',
      { cause },
    );
  }
}
