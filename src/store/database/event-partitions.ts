import type { Query, Transaction } from './connection.ts';

/** A table up to this size is read through in about a second. */
export const quickBytes = 512 * 2 ** 20;

export type PartitioningState = 'partitioned' | 'quick' | 'long';

/** Whether events are partitioned by now, or how long it takes to make the table the first partition. */
export async function partitioningState(
  query: Query,
  maxQuickBytes = 0,
): Promise<PartitioningState> {
  const [row] = await query(
    `SELECT relkind, pg_relation_size(oid) <= $1::bigint OR EXISTS (
       SELECT FROM pg_constraint WHERE conrelid = pg_class.oid AND conname = 'events_partition_check' AND convalidated
     ) FROM pg_class WHERE oid = 'events'::regclass`,
    [maxQuickBytes],
  );
  if (row?.[0] === 'p') return 'partitioned';
  return row?.[1] === 't' ? 'quick' : 'long';
}

/** Reads the whole table, while others write to it. After that it becomes a partition in some milliseconds. */
export const checkPartition = 'ALTER TABLE events VALIDATE CONSTRAINT events_partition_check';

/** While a lock is waited for, nobody else can begin to read or write events. */
const lockTimeoutMs = 200;

/** Neither readers nor writers wait for these. Autovacuum gives such a one up after a second. */
const harmlessLockTimeoutMs = 5_000;

const tableOf = (partition: number): string => `events_partition_${partition}`;

/** The columns of every partition, and how they are stored. */
const likeOthers = 'INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING COMPRESSION';

/**
 * Makes the table of events the first partition of a table of that name. Unique indexes are each partition's own: one of all partitions
 * would have to include the number of the partition. An earlier version, which counts without that number, is to fail from now on.
 */
const partitionTable = `${checkPartition};
ALTER TABLE events RENAME TO ${tableOf(0)};
ALTER INDEX events_pkey RENAME TO ${tableOf(0)}_pkey;
ALTER INDEX events_index_key RENAME TO ${tableOf(0)}_index_key;
ALTER INDEX events_time_idx RENAME TO ${tableOf(0)}_time_idx;
ALTER INDEX events_type_idx RENAME TO ${tableOf(0)}_type_idx;
ALTER INDEX events_tags_idx RENAME TO ${tableOf(0)}_tags_idx;
ALTER INDEX events_keys_idx RENAME TO ${tableOf(0)}_keys_idx;
ALTER INDEX events_traits_idx RENAME TO ${tableOf(0)}_traits_idx;
CREATE TABLE events (LIKE ${tableOf(0)} ${likeOthers}) PARTITION BY LIST (partition);
CREATE INDEX events_time_idx ON events (time DESC, index DESC);
CREATE INDEX events_type_idx ON events (type, time DESC, index DESC);
CREATE INDEX events_tags_idx ON events USING GIN (tags);
CREATE INDEX events_keys_idx ON events USING GIN (array_append(filter_keys, key));
CREATE INDEX events_traits_idx ON events USING GIN (traits jsonb_path_ops);
ALTER TABLE events ATTACH PARTITION ${tableOf(0)} FOR VALUES IN (0);
ALTER TABLE ${tableOf(0)} DROP CONSTRAINT events_partition_check;
ALTER TABLE event_counts ALTER COLUMN partition DROP DEFAULT`;

/** The privileges on the table, for the one that takes its name. */
const grants = `SELECT format('GRANT %s ON events TO %s', privilege_type,
    CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END)
  FROM pg_class CROSS JOIN LATERAL aclexplode(relacl)
  WHERE pg_class.oid = '${tableOf(0)}'::regclass AND grantee <> relowner`;

/** Makes the table of events a partition unless that takes long, and a partition for new events where there is none. */
export async function partitionEvents(transaction: Transaction, maxQuickBytes = 0): Promise<void> {
  const state = await partitioningState(transaction.query, maxQuickBytes);
  if (state === 'quick') {
    await transaction.script(partitionTable);
    for (const [grant] of await transaction.query(grants)) await transaction.script(grant ?? '');
  }
  if (state === 'long') return;
  const [row] = await transaction.query('SELECT partition FROM journal_state');
  const partitions = await partitionsOf(transaction.query);
  if (!partitions.includes(Number(row?.[0]))) await openPartition(transaction);
}

/** The numbers of the partitions, in ascending order. */
export async function partitionsOf(query: Query): Promise<readonly number[]> {
  const rows = await query(
    `SELECT substring(relname FROM '_([0-9]+)$')::integer AS partition FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
     WHERE inhparent = 'events'::regclass ORDER BY partition`,
  );
  return rows.map(([partition]) => Number(partition));
}

/** Makes a partition for new events. @returns its number */
export async function openPartition({ query, script }: Transaction): Promise<number> {
  const [row] = await query('SELECT partition FROM journal_state FOR UPDATE');
  const partition = Math.max(Number(row?.[0]), ...(await partitionsOf(query))) + 1;
  const table = tableOf(partition);
  await script(`CREATE TABLE ${table} (LIKE events ${likeOthers},
      CONSTRAINT ${table}_pkey PRIMARY KEY (id), CONSTRAINT ${table}_index_key UNIQUE (index));
    ALTER TABLE events ATTACH PARTITION ${table} FOR VALUES IN (${partition})`);
  await query('UPDATE journal_state SET partition = $1, partition_from = stored_index', [
    partition,
  ]);
  return partition;
}

/** Locks the table against everybody who reads or writes events. */
export async function lockEvents({ query }: Transaction): Promise<void> {
  await query(`SET LOCAL lock_timeout = ${lockTimeoutMs}`);
  await query('LOCK TABLE ONLY events IN ACCESS EXCLUSIVE MODE');
}

/** Locks it against whoever else makes or drops partitions. */
export async function lockPartitions({ query }: Transaction): Promise<void> {
  await query(`SET LOCAL lock_timeout = ${harmlessLockTimeoutMs}`);
  await query('LOCK TABLE ONLY events IN SHARE UPDATE EXCLUSIVE MODE');
}

/**
 * Whoever locks the state of the journal and then the events would wait for whoever drops a partition, who waits for the state: a
 * transaction of both locks the events first, as a statement that writes them does by itself.
 */
export async function lockToChange(query: Query): Promise<void> {
  await query('LOCK TABLE ONLY events IN ROW EXCLUSIVE MODE');
}

/** Any number that nothing else in the database uses. */
const droppersLock = 0x7469_6470;

/** The same, where a partition is to be dropped. @returns false where another gateway drops one, or has dropped this one */
export async function lockToDrop(transaction: Transaction, partition: number): Promise<boolean> {
  const { query } = transaction;
  const [row] = await query(
    `SELECT pg_try_advisory_xact_lock(${droppersLock}) AND to_regclass('${tableOf(partition)}') IS NOT NULL`,
  );
  if (row?.[0] !== 't') return false;
  // First, as the partition may be vacuumed.
  await query(`SET LOCAL lock_timeout = ${harmlessLockTimeoutMs}`);
  await query(`LOCK TABLE ${tableOf(partition)} IN SHARE UPDATE EXCLUSIVE MODE`);
  await lockEvents(transaction);
  return true;
}

/** The table is locked already. */
export const dropPartition = ({ query }: Transaction, partition: number): Promise<unknown> =>
  query(`DROP TABLE ${tableOf(partition)}`);
