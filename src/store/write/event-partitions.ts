import { setTimeout as pause } from 'node:timers/promises';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Query, Transaction } from '../database/connection.ts';
import type { Database } from '../database/database.ts';
import {
  checkPartition,
  dropPartition,
  lockEvents,
  lockPartitions,
  lockToDrop,
  openPartition,
  partitionEvents,
  partitioningState,
  partitionsOf,
} from '../database/event-partitions.ts';
import { sqlState } from '../database/outage.ts';

/** When the current partition is full. */
export interface PartitionLimits {
  readonly maxEvents: number;
  /** From the recording of its first event to that of its last; null for any time. */
  readonly maxSpanMicros: number | null;
  /** So few do not end it, however long ago the first of them was recorded: deleting them one by one costs little. */
  readonly fewestEvents: number;
}

const ordinary: PartitionLimits = {
  // Their indexes fit into memory.
  maxEvents: 5_000_000,
  maxSpanMicros: null,
  fewestEvents: 50_000,
};

/** A statement plans and opens every partition: where there are many events, the partitions are larger. */
const mostFullPartitions = 16;

const recordedAt = (order: 'ASC' | 'DESC') =>
  `(SELECT recorded_at FROM events WHERE index > partition_from ORDER BY index ${order} LIMIT 1)`;

const full = `SELECT FROM journal_state
  WHERE stored_index - partition_from >= greatest($1::bigint, (stored_index - expired_index) / ${mostFullPartitions})
    OR stored_index - partition_from >= $3::bigint
      AND ${recordedAt('DESC')} - ${recordedAt('ASC')} >= $2::bigint * interval '1 microsecond'`;

/** Of the table of an earlier version, which is read through before it becomes the first partition. */
export interface CheckProgress {
  readonly megabytes: number;
  /** Since the reading began. */
  readonly seconds: number;
}

const reportMs = 10_000;

/**
 * Makes the table of events a partition where it is none yet, and begins another partition where the current one is full.
 * @param onCheck called when a table begins to be read through, and each ten seconds
 * @returns the number of the new partition; null where none was begun
 */
export async function keepPartitions(
  database: Database,
  limits: Partial<PartitionLimits> = {},
  onCheck: (progress: CheckProgress) => void = () => {},
): Promise<number | null> {
  await partitionWhole(database, onCheck);
  const { maxEvents, maxSpanMicros, fewestEvents } = { ...ordinary, ...limits };
  const isFull = async (query: Query) =>
    (await query(full, [maxEvents, maxSpanMicros, fewestEvents])).length > 0;
  if (!(await isFull(database.lookUp))) return null;
  const opened = await database.maintain(async (transaction) => {
    await lockPartitions(transaction);
    return (await isFull(transaction.query)) ? openPartition(transaction) : null;
  });
  // Autovacuum does so for each partition, but not for all together.
  if (opened !== null) await database.maintain(({ script }) => script('ANALYZE events'));
  return opened;
}

async function partitionWhole(
  database: Database,
  onCheck: (progress: CheckProgress) => void,
): Promise<void> {
  const state = await partitioningState(database.lookUp);
  if (state === 'partitioned') return;
  if (state === 'long') await checkWhole(database, onCheck);
  await database.maintain(async (transaction) => {
    if ((await partitioningState(transaction.query)) === 'partitioned') return;
    await lockEvents(transaction);
    await partitionEvents(transaction);
  });
}

async function checkWhole(
  database: Database,
  onCheck: (progress: CheckProgress) => void,
): Promise<void> {
  const [row] = await database.lookUp(`SELECT pg_relation_size('events') >> 20`);
  const startedAtMs = performance.now();
  // PostgreSQL does not say how far it is.
  const report = () => {
    const seconds = Math.round((performance.now() - startedAtMs) / 1_000);
    onCheck({ megabytes: Number(row?.[0]), seconds });
  };
  const timer = setInterval(report, reportMs);
  try {
    report();
    await database.maintain(({ script }) => script(checkPartition));
  } finally {
    clearInterval(timer);
  }
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
  return dropped;
}

interface ExpiredPartition {
  readonly partition: number;
  /** Of the latest change of its events; null where it has none. */
  readonly lastIndex: string | null;
}

/** Gateways' clocks differ: of that many events, the newest one need not be the one that was recorded last. */
const disordered = 10_000;

/** Null where one of its events is to be kept. */
async function expiredPartition(
  database: Database,
  partition: number,
  moment: string,
): Promise<ExpiredPartition | null> {
  const newest = (count: number) =>
    `SELECT index, recorded_at FROM events WHERE partition = $1::integer ORDER BY index DESC LIMIT ${count}`;
  const lastOf = (count: number) =>
    database.lookUp(
      `SELECT max(index), max(recorded_at) < $2::timestamptz FROM (${newest(count)}) AS newest`,
      [partition, moment],
    );
  const [last] = await lastOf(1);
  if (last?.[0] === null) return { partition, lastIndex: null };
  if (last?.[1] !== 't') return null;
  const [row] = await lastOf(disordered);
  return row?.[1] === 't' ? { partition, lastIndex: row[0] ?? null } : null;
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
      await pause(pauseMs);
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
  if (!(await lockToDrop(transaction, partition))) return 0;
  // Everybody waits from here on: the fewer statements, the shorter.
  const [row] = await transaction.query(forget, [partition, lastIndex]);
  if (row === undefined) return 0;
  await dropPartition(transaction, partition);
  return Number(row[0]);
}

/**
 * No row where an event of the partition was completed meanwhile, or where some of its events are not counted: these are deleted one by one,
 * so that they are counted by type.
 */
const forget = `WITH state AS (
    SELECT counted_to = stored_index + expired_index AS is_exact, rolled_index FROM journal_state FOR UPDATE
  ), allowed AS (
    SELECT FROM state CROSS JOIN (SELECT max(index) AS index FROM events WHERE partition = $1::integer) AS last
    WHERE last.index IS NOT DISTINCT FROM $2::bigint
      AND (last.index IS NULL OR is_exact AND rolled_index >= last.index)
  ), known AS (
    SELECT namespace, category, action, sum(count)::bigint AS count FROM event_counts
    WHERE EXISTS (SELECT FROM allowed) AND minutes = 60 AND by_type AND tag = '' AND partition = $1::integer GROUP BY 1, 2, 3
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
    WHERE EXISTS (SELECT FROM allowed)
  )
  SELECT (SELECT coalesce(sum(count), 0) FROM known) FROM allowed`;

/** Pages of the table of counts that one statement goes through. */
const pagesAtOnce = 500;

/** Deletes the counts of partitions that were dropped. Nothing reads them, so that it may take its time. */
export async function deleteDroppedCounts(database: Database): Promise<void> {
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
