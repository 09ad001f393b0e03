import type { Query, Row } from '../database/connection.ts';
import { leaseSql } from './lease.ts';

/** A consumer that this process may run until its lease ends. */
export interface ClaimedConsumer {
  readonly name: string;
  /** Everything up to here is settled. */
  readonly cursor: number;
  /** Grows whenever the consumer changes hands: it fences a holder that has lost its lease. */
  readonly epoch: number;
}

export interface Checkpoint {
  readonly name: string;
  readonly epoch: number;
  readonly cursor: number;
}

/** The cursors of the durable consumers and who runs them. Everything rejects with Unavailable when the database is down. */
export interface ConsumerCursors {
  /** Makes sure that a consumer has a cursor; an existing one stays where it is. */
  ensure(name: string, cursor: number): Promise<void>;
  /** Forgets a consumer; whoever runs it loses its lease. */
  remove(name: string): Promise<void>;
  /** Moves a cursor, forwards or back; whoever runs the consumer loses its lease. */
  reset(name: string, cursor: number): Promise<void>;
  /** The cursors by name; a consumer that is not known is left out. */
  cursors(names: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Takes consumers that nobody runs: the first `limit` by name. */
  claim(request: LeaseRequest & { readonly limit: number }): Promise<readonly ClaimedConsumer[]>;
  /** Prolongs leases, and answers the names of those that are still the holder's. */
  renew(request: LeaseRequest): Promise<ReadonlySet<string>>;
  /** Lets go of leases, so that another gateway need not wait for their end. */
  release(names: readonly string[], holder: string): Promise<void>;
  /** Saves cursors, and answers the names of those that were saved: the others belong to somebody else by now. */
  save(checkpoints: readonly Checkpoint[]): Promise<ReadonlySet<string>>;
}

interface LeaseRequest {
  readonly names: readonly string[];
  /** Any string that no other process uses. */
  readonly holder: string;
  readonly leaseMs: number;
}

const nameOf = ([name]: Row): string => name ?? '';

/** All statements are single ones, so that they hold on the embedded database's one session too. */
export const createConsumerCursors = (read: Query, write: Query): ConsumerCursors => ({
  async ensure(name, cursor) {
    await write(
      'INSERT INTO consumers (name, cursor) VALUES ($1, $2::bigint) ON CONFLICT (name) DO NOTHING',
      [name, cursor],
    );
  },

  async remove(name) {
    await write('DELETE FROM consumers WHERE name = $1', [name]);
  },

  async reset(name, cursor) {
    await write(
      `UPDATE consumers SET cursor = $2::bigint, epoch = epoch + 1, ${leaseSql.release}
       WHERE name = $1`,
      [name, cursor],
    );
  },

  async cursors(names) {
    const rows = await read('SELECT name, cursor FROM consumers WHERE name = ANY($1::text[])', [
      names,
    ]);
    return new Map(rows.map(([name, cursor]) => [name ?? '', Number(cursor)]));
  },

  async claim({ names, holder, leaseMs, limit }) {
    const rows = await write(
      `UPDATE consumers SET epoch = epoch + 1, ${leaseSql.take('$2', '$3')}
       WHERE name IN (
         SELECT name FROM consumers
         WHERE name = ANY($1::text[]) AND ${leaseSql.isFree}
         ORDER BY name LIMIT $4::int FOR UPDATE SKIP LOCKED
       )
       RETURNING name, cursor, epoch`,
      [names, holder, leaseMs, limit],
    );
    return rows.map(([name, cursor, epoch]) => ({
      name: name ?? '',
      cursor: Number(cursor),
      epoch: Number(epoch),
    }));
  },

  async renew({ names, holder, leaseMs }) {
    const rows = await write(
      `UPDATE consumers SET ${leaseSql.prolong('$3')}
       WHERE name = ANY($1::text[]) AND ${leaseSql.isHeldBy('$2')}
       RETURNING name`,
      [names, holder, leaseMs],
    );
    return new Set(rows.map(nameOf));
  },

  async release(names, holder) {
    await write(
      `UPDATE consumers SET ${leaseSql.release}
       WHERE name = ANY($1::text[]) AND holder = $2`,
      [names, holder],
    );
  },

  async save(checkpoints) {
    const rows = await write(
      `UPDATE consumers SET cursor = saved.cursor
       FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS saved (name, epoch, cursor)
       WHERE consumers.name = saved.name AND consumers.epoch = saved.epoch
         AND consumers.cursor <= saved.cursor
       RETURNING consumers.name`,
      [
        checkpoints.map(({ name }) => name),
        checkpoints.map(({ epoch }) => String(epoch)),
        checkpoints.map(({ cursor }) => String(cursor)),
      ],
    );
    return new Set(rows.map(nameOf));
  },
});
