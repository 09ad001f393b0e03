import type { Query } from '../database/connection.ts';

/** See OpenStore.totals. One statement, so that an event that is deleted meanwhile is counted once. */
const totals = `SELECT type, sum(count) FROM (
    SELECT type, count(*) AS count FROM events WHERE type = ANY($1::text[]) GROUP BY type
    UNION ALL
    SELECT type, expired FROM (
      SELECT CASE action WHEN '' THEN category ELSE category || '.' || action END AS type, expired FROM event_types
    ) AS known WHERE type = ANY($1::text[])
  ) AS counted GROUP BY type`;

export async function readTotals(
  query: Query,
  types: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await query(totals, [[...types]]);
  return new Map(rows.map(([type, count]) => [String(type), Number(count)]));
}
