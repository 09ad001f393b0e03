import type { Instant } from '../../event/event.ts';
import { formatInstant } from '../../event/instant.ts';
import type { Query } from '../database/connection.ts';
import type { Database } from '../database/database.ts';
import { lockToChange } from '../database/event-partitions.ts';
import {
  changeColumns,
  countChanges,
  deleteEmptied,
  emptiedCounts,
  rowsOf,
} from './event-counts.ts';
import { deleteDroppedCounts, dropExpiredPartitions } from './event-partitions.ts';
import { lockState } from './journal-state.ts';

/** Events in one statement of expiry: this number delays new events by some tens of milliseconds. */
const expiryBatch = 2_000;

/** See OpenStore.expire. */
export async function expireEvents(
  database: Database,
  before: Instant,
  graceMicros = 0,
): Promise<number> {
  const moment = formatInstant(before);
  await database.write('DELETE FROM events_refused WHERE refused_at < $1::timestamptz', [moment]);
  const total =
    (await dropExpiredPartitions(database, moment)) +
    (await deleteEvents(database, formatInstant(before - graceMicros)));
  await deleteDroppedCounts(database);
  return total;
}

async function deleteEvents(database: Database, moment: string): Promise<number> {
  for (let total = 0; ; ) {
    const deleted = await database.transaction(({ query }) => expireBatch(query, moment));
    total += deleted;
    if (deleted < expiryBatch) return total;
  }
}

/** Whoever writes events waits meanwhile: it, too, begins with the state of the journal. */
async function expireBatch(query: Query, moment: string): Promise<number> {
  await lockToChange(query);
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
