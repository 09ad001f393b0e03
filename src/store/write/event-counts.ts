import type { Query, Row } from '../database/connection.ts';

/** The columns of a change, as well as its count: 1 of an event that is counted, or -1 of one that no longer is. */
export const changeColumns =
  'time, namespace, category, action, severity, dialect, tags, partition';

const counted = 'namespace, category, action, severity, dialect';

/** Those of partition 0 have the key that they had before there were partitions. */
const key = `substring(sha256(convert_to(json_build_array(${counted}) || CASE partition WHEN 0 THEN '' ELSE partition::text END, 'UTF8')), 1, 16)`;

/**
 * Adds `changes`, which are all 1 or all -1, to the counts by minute and hour: two CTEs, which belong into the statement that
 * makes the changes.
 * They are summed up first, so that each row of event_counts is written once. Each partition of the events has rows of its
 * own, so that they can be forgotten with it. All events are counted by type, and without it for those who need not know it: these
 * rows are fewer. Under a tag events are not counted by type: that would be a row for each pair of a type and a tag.
 */
export const countChanges = `, by_minute AS (
  SELECT by_type, tag, bucket, ${key} AS key, ${counted}, partition, count
  FROM (
    SELECT by_type, tag, bucket, namespace, CASE WHEN by_type THEN category ELSE '' END AS category,
      CASE WHEN by_type THEN action END AS action, severity, dialect, partition, sum(count)::bigint AS count
    FROM (
      SELECT date_bin('1 minute', time, timestamptz 'epoch') AS bucket, namespace, category, action,
        coalesce(severity, 'NORMAL') AS severity, dialect, tags, partition, sum(count) AS count
      FROM changes GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    ) AS alike CROSS JOIN LATERAL (
      SELECT true AS by_type, '' AS tag UNION ALL SELECT false, unnest(array_prepend('', array_remove(tags, '')))
    ) AS tagged
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
  ) AS summed
), counted AS (
  INSERT INTO event_counts (minutes, by_type, tag, bucket, key, ${counted}, partition, count)
  SELECT 1, by_type, tag, bucket, key, ${counted}, partition, count FROM by_minute
  UNION ALL
  SELECT 60, by_type, tag, date_bin('1 hour', bucket, timestamptz 'epoch') AS hour, key, ${counted}, partition, sum(count)
  FROM by_minute GROUP BY by_type, tag, hour, key, ${counted}, partition
  ON CONFLICT (minutes, by_type, tag, bucket, key) DO UPDATE SET count = event_counts.count + excluded.count
  RETURNING ctid, event_counts.count
)`;

/** Where the counts are that have become 0; null where there are none. */
export const emptiedCounts = `(SELECT array_agg(ctid)::text[] FROM counted WHERE count = 0)`;

/** So many are deleted at once. */
const maxEmptied = 1_000;

/** Deletes counts of 0: nothing reads them, so it need not happen with the write that left them. */
export class EmptiedCounts {
  readonly #write: Query;
  #rows: string[] = [];

  constructor(write: Query) {
    this.#write = write;
  }

  /** @param cell what emptiedCounts answered */
  async add(cell: Row[number] | undefined): Promise<void> {
    this.#rows.push(...rowsOf(cell));
    if (this.#rows.length < maxEmptied) return;
    const rows = this.#rows;
    this.#rows = [];
    await deleteEmptied(this.#write, rows);
  }
}

/** One that has moved meanwhile, or counts again, stays. */
export async function deleteEmptied(write: Query, rows: readonly string[]): Promise<void> {
  if (rows.length === 0) return;
  await write('DELETE FROM event_counts WHERE ctid = ANY($1::tid[]) AND count = 0', [rows]);
}

/** An array of tids as PostgreSQL writes it: {"(0,1)","(0,2)"}. */
export const rowsOf = (cell: Row[number] | undefined): readonly string[] =>
  cell?.match(/\(\d+,\d+\)/g) ?? [];
