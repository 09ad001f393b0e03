import type { Query } from '../database/connection.ts';

/** The gateways that share a database. Everything rejects with Unavailable when it is down. */
export interface Gateways {
  /** Says that a gateway runs, for this time; resolves with how many do, this one included. */
  announce(id: string, aliveMs: number): Promise<number>;
  /** It runs no more. */
  leave(id: string): Promise<void>;
}

export const createGateways = (write: Query): Gateways => ({
  async announce(id, aliveMs) {
    const [row] = await write(
      `WITH gone AS (
         DELETE FROM gateways WHERE alive_until <= clock_timestamp() AND id <> $1::uuid
       ), announced AS (
         INSERT INTO gateways (id, alive_until)
         VALUES ($1::uuid, clock_timestamp() + $2::float8 * interval '1 millisecond')
         ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until
       )
       SELECT 1 + count(*) FROM gateways WHERE alive_until > clock_timestamp() AND id <> $1::uuid`,
      [id, aliveMs],
    );
    return Number(row?.[0]);
  },

  async leave(id) {
    await write('DELETE FROM gateways WHERE id = $1::uuid', [id]);
  },
});
