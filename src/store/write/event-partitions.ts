import { setTimeout } from 'node:timers/promises';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Transaction } from '../database/connection.ts';
import type { Database } from '../database/database.ts';
import {
  checkPartition,
  dropPartition,
  lockEvents,
  lockToDrop,
  openPartition,
  partitionEvents,
  partitioningState,
  partitionsOf,
} from '../database/event-partitions.ts';
import { sqlState } from '../database/outage.ts';
import { lockState } from './journal-state.ts';

/** Indexes of this many events fit into memory. */
const eventsPerPartition = 5_000_000;

/** A statement plans and opens every partition: where there are many events, the partitions are larger. */
const mostFullPartitions = 16;

/**
 * Makes the table of events a partition where it is none yet, and begins another partition where the current one is full.
 * @returns the number of the new partition; null where none was begun
 */
export async function keepPartitions(
  database: Database,
  maxEvents = eventsPerPartition,
): Promise<number | null> {
  await partitionWhole(database);
  const isFull = `stored_index - partition_from >= greatest($1::bigint, (stored_index - expired_index) / ${mostFullPartitions})`;
  const ask = `SELECT FROM journal_state WHERE ${isFull}`;
  if ((await database.lookUp(ask, [maxEvents])).length === 0) return null;
  const opened = await database.maintain(async (transaction) => {
    const full = await transaction.query(`${ask} FOR UPDATE`, [maxEvents]);
    return full.length === 0 ? null : openPartition(transaction);
  });
  // Autovacuum does so for each partition, but not for all together.
  if (opened !== null) await database.maintain(({ script }) => script('ANALYZE events'));
  return opened;
}

async function partitionWhole(database: Database): Promise<void> {
  const state = await partitioningState(database.lookUp);
  if (state === 'partitioned') return;
  if (state === 'long') await database.maintain(({ script }) => script(checkPartition));
  await database.maintain(async (transaction) => {
    if ((await partitioningState(transaction.query)) === 'partitioned') return;
    await lockEvents(transaction);
    await partitionEvents(transaction);
  });
}

/**
 * Drops the partitions all of whose events were recorded before a moment, and those that have none; the current one stays.
 * @returns the number of events that they had
 */
export async function dropExpiredPartitions(database: Database, moment: string): Promise<number> {
  const [row] = await database.lookUp('SELECT partition FROM journal_state');
  const current = Number(row?.[0]);
  let dropped = 0;
  for (const partition of await partitionsOf(database.lookUp)) {
    if (partition >= current) break;
    const expired = await expiredPartition(database, partition, moment);
    if (expired !== null) dropped += await dropUnlessInUse(database, expired);
  }
  await deleteDroppedCounts(database);
  return dropped;
}

interface ExpiredPartition {
  readonly partition: number;
  /** Of the latest change of its events; null where it has none. */
  readonly lastIndex: string | null;
}

/** Null where one of its events is to be kept. */
async function expiredPartition(
  database: Database,
  partition: number,
  moment: string,
): Promise<ExpiredPartition | null> {
  const [newest] = await database.lookUp(
    `SELECT index, recorded_at < $2::timestamptz FROM events WHERE partition = $1::integer
     ORDER BY index DESC LIMIT 1`,
    [partition, moment],
  );
  if (newest === undefined) return { partition, lastIndex: null };
  if (newest[1] !== 't') return null;
  try {
    // Gateways' clocks differ: the newest one need not be the one that was recorded last.
    const kept = await database.read(
      'SELECT FROM events WHERE partition = $1::integer AND recorded_at >= $2::timestamptz LIMIT 1',
      [partition, moment],
    );
    return kept.length === 0 ? { partition, lastIndex: newest[0] ?? null } : null;
  } catch (error) {
    // It takes too long: its events are deleted one by one.
    if (error instanceof Unavailable) return null;
    throw error;
  }
}

const attempts = 5;
const pauseMs = 300;

/** Where somebody has the events in use each time that the lock is asked for, the next retention drops it. */
async function dropUnlessInUse(database: Database, expired: ExpiredPartition): Promise<number> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      return await database.maintain((transaction) => dropWhole(transaction, expired));
    } catch (error) {
      if (!isInUse(error)) throw error;
      await setTimeout(pauseMs);
    }
  }
  return 0;
}

/** Lock not available, or a deadlock. */
const inUse: ReadonlySet<string | null> = new Set(['55P03', '40P01']);

const isInUse = (error: unknown): boolean =>
  inUse.has(sqlState(error instanceof Unavailable ? error.cause : error));

/** Its counts are left out of all answers from the moment on in which its events are gone. */
async function dropWhole(
  transaction: Transaction,
  { partition, lastIndex }: ExpiredPartition,
): Promise<number> {
  const { query } = transaction;
  if (!(await lockToDrop(transaction, partition))) return 0;
  const { isExact, rolledIndex } = await lockState(query);
  const [row] = await query('SELECT max(index) FROM events WHERE partition = $1::integer', [
    partition,
  ]);
  // An event of it was completed meanwhile.
  if (row === undefined || row[0] !== lastIndex) return 0;
  // Events that are not counted are deleted one by one, so that they are counted by type.
  if (lastIndex !== null && (!isExact || rolledIndex < Number(lastIndex))) return 0;
  const [answer] = await query(forget, [partition, lastIndex]);
  await dropPartition(transaction, partition);
  return Number(answer?.[0]);
}

const forget = `WITH known AS (
    SELECT namespace, category, action, sum(count)::bigint AS count FROM event_counts
    WHERE minutes = 60 AND tag = '' AND partition = $1::integer GROUP BY 1, 2, 3
  ), expired AS (
    INSERT INTO event_types (namespace, category, action, expired)
    SELECT namespace, category, coalesce(action, '') AS action, count FROM known
    WHERE octet_length(namespace || category || coalesce('.' || action, '')) <= 2600
    ORDER BY 1, 2, 3
    ON CONFLICT (namespace, category, action) DO UPDATE SET expired = event_types.expired + excluded.expired
  ), moved AS (
    UPDATE journal_state SET expired_index = greatest(expired_index, $2::bigint),
      counted_to = counted_to + greatest(0, $2::bigint - expired_index),
      dropped_partitions = array_append(dropped_partitions, $1::integer)
  )
  SELECT coalesce(sum(count), 0) FROM known`;

/** Pages of the table of counts that one statement goes through. */
const pagesAtOnce = 500;

/** Deletes the counts of partitions that were dropped. Nothing reads them, so that it may take its time. */
async function deleteDroppedCounts(database: Database): Promise<void> {
  const [row] = await database.lookUp(
    `SELECT dropped_partitions, pg_relation_size('event_counts') / current_setting('block_size')::integer
     FROM journal_state WHERE dropped_partitions <> '{}'`,
  );
  if (row === undefined) return;
  const partitions = row[0]?.match(/\d+/g) ?? [];
  for (let page = 0; page <= Number(row[1]); page += pagesAtOnce) {
    await database.write(
      `DELETE FROM event_counts WHERE ctid >= '(${page},0)' AND ctid < '(${page + pagesAtOnce},0)'
         AND partition = ANY($1::text[]::integer[])`,
      [partitions],
    );
  }
  await database.write(
    `UPDATE journal_state SET dropped_partitions = ARRAY(
       SELECT partition FROM unnest(dropped_partitions) AS partition WHERE partition <> ALL ($1::text[]::integer[])
     )`,
    [partitions],
  );
}
