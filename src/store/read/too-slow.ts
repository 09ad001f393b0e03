import { Unavailable } from '../../runtime/unavailable.ts';
import { cancelled, sqlState } from '../database/outage.ts';

/** The request reads more events than there is time for, and would again. */
class TooSlow extends Unavailable {
  override readonly retryAfterSeconds = null;
}

/** For statistics that read events one by one. @throws Unavailable that says what to narrow, where the database ran out of time */
export async function explainTooSlow<Result>(reading: Promise<Result>): Promise<Result> {
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
