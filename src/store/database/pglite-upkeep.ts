import type { Query } from './connection.ts';

const intervalMs = 10_000;

/** After a kill, the next start replays the log from the last checkpoint on: this size takes about a second. */
const logBetweenCheckpoints = 64 * 2 ** 20;

/**
 * 300 rows are looked at for each. With PostgreSQL's own 100 that takes most of a second, in which nothing else is
 * answered, as there is one session; with these a fifth of it.
 */
const statisticsTarget = 25;

const isLogLong = `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn) > ${logBetweenCheckpoints}
  FROM pg_control_checkpoint()`;

/** The partitions of events that have changed. */
const changed = `SELECT relid::regclass FROM pg_stat_user_tables
  JOIN pg_class ON pg_class.oid = relid JOIN pg_inherits ON inhrelid = relid
  WHERE inhparent = to_regclass('events') AND n_mod_since_analyze > 1000 + 0.2 * greatest(reltuples, 0)`;

/**
 * Does for the embedded database what a server's background processes do: PGlite has none, so its log would grow
 * without end, and its planner know nothing of what the table holds.
 */
export class PgliteUpkeep implements Disposable {
  readonly #query: Query;
  readonly #timer: NodeJS.Timeout;
  #busy = false;

  constructor(query: Query) {
    this.#query = query;
    this.#timer = setInterval(() => void this.#look(), intervalMs).unref();
  }

  async #look(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await keepUp(this.#query);
    } catch {
      // The next round finds the same work; whether the database is down is reported elsewhere.
    } finally {
      this.#busy = false;
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** Does the work that is due. */
export async function keepUp(query: Query): Promise<void> {
  const [row] = await query(isLogLong);
  if (row?.[0] === 't') await query('CHECKPOINT');
  const partitions = await query(changed);
  if (partitions.length === 0) return;
  // One by one, so that others get their turn in between.
  await query('VACUUM ANALYZE event_counts');
  await query(`SET default_statistics_target = ${statisticsTarget}`);
  for (const [partition] of partitions) {
    await query(`VACUUM ${partition}`);
    await query(`ANALYZE ${partition}`);
  }
}
