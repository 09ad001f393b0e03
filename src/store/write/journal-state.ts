import type { Instant } from '../../event/event.ts';
import { formatInstant } from '../../event/instant.ts';
import type { Query, Row, Transaction } from '../database/connection.ts';
import type { Database } from '../database/database.ts';
import type { RollupProgress } from '../rollup-progress.ts';
import {
  changeColumns,
  countChanges,
  deleteEmptied,
  emptiedCounts,
  rowsOf,
} from './event-counts.ts';
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

/** Events in one statement of expiry: this number delays new events by some tens of milliseconds. */
const expiryBatch = 2_000;

/** See OpenStore.expire. */
export async function expireEvents(database: Database, before: Instant): Promise<number> {
  const moment = formatInstant(before);
  await database.write('DELETE FROM events_refused WHERE refused_at < $1::timestamptz', [moment]);
  for (let total = 0; ; ) {
    const deleted = await database.transaction(({ query }) => expireBatch(query, moment));
    total += deleted;
    if (deleted < expiryBatch) return total;
  }
}

/** Whoever writes events waits meanwhile: it, too, begins with the state of the journal. */
async function expireBatch(query: Query, moment: string): Promise<number> {
  const { rolledIndex } = await lockState(query);
  const [row] = await query(expiry, [moment, expiryBatch, rolledIndex]);
  await deleteEmptied(query, rowsOf(row?.[1]));
  return Number(row?.[0]);
}

/** Deleted events are below all others, so that one index separates the expired ones from the rest. */
const expiry = `WITH oldest AS (
    SELECT index, recorded_at FROM events ORDER BY index LIMIT $2
  ), boundary AS (
    SELECT coalesce(min(index) FILTER (WHERE recorded_at >= $1::timestamptz), max(index) + 1) AS index FROM oldest
  ), deleted AS (
    DELETE FROM events USING boundary WHERE events.index < boundary.index
    RETURNING events.index, ${changeColumns}, type
  ), expired AS (
    INSERT INTO event_types (namespace, category, action, expired)
    SELECT namespace, category, coalesce(action, '') AS action, count(*) FROM deleted
    WHERE octet_length(namespace || type) <= 2600
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (namespace, category, action) DO UPDATE SET expired = event_types.expired + excluded.expired
  ), moved AS (
    UPDATE journal_state
    SET expired_index = greatest(expired_index, last.index), counted_to = counted_to + greatest(0, last.index - expired_index)
    FROM (SELECT max(index) AS index FROM deleted) AS last WHERE last.index IS NOT NULL
  ), changes AS (
    SELECT ${changeColumns}, -1 AS count FROM deleted WHERE index <= $3::bigint
  )${countChanges}
  SELECT count(*), ${emptiedCounts} FROM deleted`;

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

async function lockState(query: Query): Promise<RollupProgress & { readonly isExact: boolean }> {
  const [row] = await query(`${progress} FOR UPDATE OF journal_state`);
  return { ...progressOf(row), isExact: row?.[2] === 't' };
}

/** Events that are counted at once: as with expiry, new events wait meanwhile. */
const rolledBatch = 2_000;

/** See OpenStore.rollUp. */
export const rollUpEvents = (
  database: Database,
  maxEvents = rolledBatch,
): Promise<RollupProgress> =>
  database.transaction(async ({ query, script }) => {
    const { isExact, rolledIndex, storedIndex } = await lockState(query);
    if (!isExact) await forgetCounts({ query, script });
    if (rolledIndex >= storedIndex) return { rolledIndex, storedIndex };
    const [row] = await query(rollUp, [rolledIndex, maxEvents]);
    const moved = Number(row?.[0]) < maxEvents ? storedIndex : Number(row?.[1]);
    await query('UPDATE journal_state SET rolled_index = $1', [moved]);
    return { rolledIndex: moved, storedIndex };
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
    'UPDATE journal_state SET rolled_index = 0, counted_to = stored_index + expired_index',
  );
}
