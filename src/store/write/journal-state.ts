import type { PreparedStatement, Query, Row, Transaction } from '../database/connection.ts';
import type { Database } from '../database/database.ts';
import { lockToChange } from '../database/event-partitions.ts';
import { longestTail, type RolledUp, type RollupProgress } from '../rollup-progress.ts';
import { changeColumns, countChanges } from './event-counts.ts';
import { leaseSql } from './lease.ts';

export interface Lease {
  /** Whether the store is the holder's to fill until the lease runs out. */
  readonly held: boolean;
  /** The stored index, read in the same statement. */
  readonly storedIndex: number;
}

const number = ([row]: Awaited<ReturnType<Query>>): number => Number(row?.[0]);

/**
 * A restored table may lack the state of the journal: its indexes must not be assigned again, and nothing is known of
 * how its events are counted.
 */
export const startStoredIndex = async (write: Query): Promise<number> =>
  number(
    await write(
      `WITH restored AS (
         UPDATE journal_state SET stored_index = last.index, rolled_index = 0,
           counted_to = last.index + expired_index
         FROM (SELECT max(index) AS index FROM events) AS last WHERE stored_index < last.index
         RETURNING stored_index
       ), forgotten AS (
         DELETE FROM event_counts WHERE EXISTS (SELECT FROM restored)
       )
       SELECT coalesce((SELECT stored_index FROM restored), (SELECT stored_index FROM journal_state))`,
    ),
  );

export const readStoredIndex = async (query: Query): Promise<number> =>
  number(await query('SELECT stored_index FROM journal_state'));

/** See Store.firstIndex: expired events were deleted from the oldest on, so a feed can resume right after them. */
export async function readFirstIndex(query: Query): Promise<number | null> {
  const [row] = await query('SELECT expired_index FROM journal_state WHERE stored_index > 0');
  return row === undefined ? null : Number(row[0]);
}

/** See OpenStore.lease. */
export async function takeLease(
  database: Database,
  holder: string,
  leaseMs: number,
): Promise<Lease> {
  const [row] = await database.write(
    `WITH taken AS (
       UPDATE journal_state
       SET ${leaseSql.take('$1', '$2')}
       WHERE holder = $1 OR ${leaseSql.isFree}
       RETURNING stored_index
     )
     SELECT EXISTS (SELECT FROM taken),
            coalesce((SELECT stored_index FROM taken), (SELECT stored_index FROM journal_state))`,
    [holder, leaseMs],
  );
  return { held: leaseMs > 0 && row?.[0] === 't', storedIndex: Number(row?.[1]) };
}

/** See EventLog.journalId. */
export async function keepJournalId(write: Query, proposed: string): Promise<string> {
  const [row] = await write(
    'UPDATE journal_state SET journal_id = coalesce(journal_id, $1::uuid) RETURNING journal_id',
    [proposed],
  );
  return String(row?.[0]);
}

/** See OpenStore.streamBase. */
export const findStreamBase = (
  database: Database,
  identity: string,
  above: number,
): Promise<number> =>
  database.transaction(async ({ query }) => {
    // One gateway at a time gives a stream its base.
    await query('SELECT FROM journal_state FOR UPDATE');
    await query(
      `INSERT INTO journal_streams (identity, base)
       SELECT $1, greatest(stored_index, expired_index, $2::bigint, (SELECT max(base) FROM journal_streams))
       FROM journal_state
       ON CONFLICT (identity) DO NOTHING`,
      [identity, above],
    );
    return number(await query('SELECT base FROM journal_streams WHERE identity = $1', [identity]));
  });

/** A gateway that does not count may have written or deleted: then nothing is known of any event. */
const progress = `SELECT CASE WHEN counted_to = total THEN rolled_index ELSE 0 END, stored_index, counted_to = total
  FROM journal_state CROSS JOIN LATERAL (SELECT stored_index + expired_index AS total) AS known`;

const progressOf = (row: Row | undefined): RollupProgress => ({
  rolledIndex: Number(row?.[0]),
  storedIndex: Number(row?.[1]),
});

export async function readRollupProgress(query: Query): Promise<RollupProgress> {
  const [row] = await query(progress);
  return progressOf(row);
}

export async function lockState(
  query: Query,
): Promise<RollupProgress & { readonly isExact: boolean }> {
  const [row] = await query(`${progress} FOR UPDATE OF journal_state`);
  return { ...progressOf(row), isExact: row?.[2] === 't' };
}

/** Events that are counted at once: as with expiry, new events wait meanwhile. */
const rolledBatch = 2_000;

/** See OpenStore.rollUp. */
export async function rollUpEvents(database: Database, maxEvents = rolledBatch): Promise<RolledUp> {
  const [row] = await database.write(rollUpTail, [maxEvents]);
  if (row === undefined) return rollUpLocked(database, maxEvents);
  return { ...progressOf(row), busyMs: Number(row[2]) };
}

/**
 * Counts the next events of a short tail in one statement: new events wait for that instead of six. The statement sees the
 * database as it was when it began, and locks the row later: where another gateway changed the row in between, it counts nothing.
 */
const rollUpTail: PreparedStatement = {
  name: 'tidings_roll_up_tail',
  text: `WITH moved AS (
    UPDATE journal_state AS state SET rolled_index = least(seen.rolled_index + $1::bigint, seen.stored_index)
    FROM journal_state AS seen
    WHERE state.stored_index = seen.stored_index AND state.rolled_index = seen.rolled_index
      AND state.expired_index = seen.expired_index AND state.counted_to = seen.stored_index + seen.expired_index
      AND seen.stored_index - seen.rolled_index <= ${longestTail}
    RETURNING seen.rolled_index AS counted_after, state.rolled_index AS counted_up_to, state.stored_index
  ), changes AS (
    SELECT ${changeColumns}, 1 AS count FROM events
    WHERE index > (SELECT counted_after FROM moved) AND index <= (SELECT counted_up_to FROM moved)
  )${countChanges}
  SELECT counted_up_to, stored_index, 1000 * extract(epoch FROM clock_timestamp() - statement_timestamp())
  FROM moved CROSS JOIN (SELECT count(*) FROM counted) AS written`,
};

/** Locks the row first: this always counts, and finds the next events however far they are. */
const rollUpLocked = (database: Database, maxEvents: number): Promise<RolledUp> =>
  database.transaction(async ({ query, script }) => {
    const startedAtMs = performance.now();
    const busy = () => performance.now() - startedAtMs;
    await lockToChange(query);
    const { isExact, rolledIndex, storedIndex } = await lockState(query);
    if (!isExact) await forgetCounts({ query, script });
    if (rolledIndex >= storedIndex) return { rolledIndex, storedIndex, busyMs: busy() };
    const [row] = await query(rollUp, [rolledIndex, maxEvents]);
    const moved = Number(row?.[0]) < maxEvents ? storedIndex : Number(row?.[1]);
    await query('UPDATE journal_state SET rolled_index = $1', [moved]);
    return { rolledIndex: moved, storedIndex, busyMs: busy() };
  });

const rollUp = `WITH changes AS (
    SELECT ${changeColumns}, 1 AS count, index FROM events
    WHERE index > $1::bigint ORDER BY index LIMIT $2
  )${countChanges}
  SELECT count(*), max(index) FROM changes`;

/** See OpenStore.rebuildRollups. */
export const rebuildRollups = (database: Database): Promise<void> =>
  database.transaction(async (transaction) => {
    await lockState(transaction.query);
    await forgetCounts(transaction);
  });

/** Not TRUNCATE, which empties the table for reads that have begun before. */
async function forgetCounts({ query, script }: Transaction): Promise<void> {
  await script('DELETE FROM event_counts');
  await query(
    `UPDATE journal_state SET rolled_index = 0, counted_to = stored_index + expired_index, dropped_partitions = '{}'`,
  );
}
