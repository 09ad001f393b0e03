import { v7 } from 'uuid';
import type { Row } from '../database/connection.ts';
import type { Database } from '../database/database.ts';

export const failedDeliveryStatuses = ['RETRYING', 'DEAD'] as const;
export type FailedDeliveryStatus = (typeof failedDeliveryStatuses)[number];

/** The record of a message that a target rejected. */
export interface FailedDelivery {
  readonly id: string;
  readonly index: number;
  readonly eventId: string;
  /** Later events with the same order key wait until this one is delivered. */
  readonly orderKey: string;
  readonly key: string | null;
  readonly status: FailedDeliveryStatus;
  readonly attempts: number;
  readonly lastStatus: number | null;
  readonly lastError: string;
  /** Milliseconds since 1970. */
  readonly nextAttemptAtMs: number | null;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** A key of the rights under which the body was made; null where that is not known. */
  readonly rights: string | null;
}

export type NewFailedDelivery = Omit<FailedDelivery, 'id'>;

export interface FailedDeliveryPage {
  readonly nodes: readonly FailedDelivery[];
  readonly hasNextPage: boolean;
}

/** The failed deliveries of one sink. Every method rejects with Unavailable when the database is down. */
export interface FailedDeliveries {
  /** Keeps one, once for each event's index; false where the sink has no room for more. */
  keep(failed: NewFailedDelivery): Promise<boolean>;
  /** Order keys with deliveries that are still retried. */
  waitingKeys(): Promise<ReadonlySet<string>>;
  /** Indexes after this one whose events are dead. */
  deadAfter(index: number): Promise<ReadonlySet<number>>;
  /** The oldest of each order key, where its next attempt is due; the oldest first. */
  due(limit: number): Promise<readonly FailedDelivery[]>;
  /** The target took it: it goes, and the next of its order key is due at once. */
  delivered(failed: FailedDelivery): Promise<void>;
  /** The target rejected it again; without a next attempt it is dead. */
  rejected(
    failed: FailedDelivery,
    again: Pick<FailedDelivery, 'lastStatus' | 'lastError' | 'nextAttemptAtMs'>,
  ): Promise<void>;
}

/** The maximum for each sink. */
const maxDeliveries = 10_000;
const maxBytes = 100 * 2 ** 20;

const columns = `id, index, event_id, order_key, key, status, attempts, last_status, last_error,
  extract(epoch FROM next_attempt_at) * 1000, content_type, headers, body, rights`;

/** The failed deliveries of all sinks. */
export class FailedDeliveryTable {
  readonly #database: Pick<Database, 'ask' | 'lookUp' | 'write'>;

  constructor(database: Pick<Database, 'ask' | 'lookUp' | 'write'>) {
    this.#database = database;
  }

  async page(
    sinkId: string,
    request: {
      readonly statuses: readonly FailedDeliveryStatus[];
      readonly first: number;
      readonly afterIndex: number;
    },
  ): Promise<FailedDeliveryPage> {
    const rows = await this.#database.lookUp(
      `SELECT ${columns} FROM failed_deliveries
       WHERE sink_id = $1 AND status = ANY($2::text[]) AND index > $3::bigint ORDER BY index LIMIT $4::int`,
      [sinkId, request.statuses, request.afterIndex, request.first + 1],
    );
    const nodes = rows.slice(0, request.first).map(failedDeliveryOf);
    return { nodes, hasNextPage: rows.length > request.first };
  }

  totalCount(sinkId: string, statuses: readonly FailedDeliveryStatus[]): Promise<number> {
    return this.#database.ask(({ failedDelivery }) =>
      failedDelivery.count({ where: { sinkId, status: { in: [...statuses] } } }),
    );
  }

  /** Makes failed deliveries due at once, all of them without ids. @returns how many */
  async retry(sinkId: string, ids: readonly string[] | null): Promise<number> {
    const { count } = await this.#database.ask(({ failedDelivery }) =>
      failedDelivery.updateMany({
        where: { sinkId, ...(ids !== null && { id: { in: [...ids] } }) },
        data: { status: 'RETRYING', nextAttemptAt: new Date() },
      }),
    );
    return count;
  }

  async discard(sinkId: string, ids: readonly string[] | null): Promise<number> {
    const { count } = await this.#database.ask(({ failedDelivery }) =>
      failedDelivery.deleteMany({
        where: { sinkId, ...(ids !== null && { id: { in: [...ids] } }) },
      }),
    );
    return count;
  }

  of(sinkId: string): FailedDeliveries {
    const { lookUp, write } = this.#database;
    return {
      async keep(failed) {
        const [row] = await write(keeping, [
          v7(),
          sinkId,
          failed.index,
          failed.eventId,
          failed.orderKey,
          failed.key,
          failed.status,
          failed.attempts,
          failed.lastStatus,
          failed.lastError,
          failed.nextAttemptAtMs,
          failed.contentType,
          JSON.stringify(failed.headers),
          failed.body,
          maxDeliveries,
          maxBytes,
          failed.rights,
        ]);
        return row?.[0] === 't';
      },

      async waitingKeys() {
        const rows = await lookUp(
          `SELECT DISTINCT order_key FROM failed_deliveries WHERE sink_id = $1 AND status = 'RETRYING'`,
          [sinkId],
        );
        return new Set(rows.map(([key]) => String(key)));
      },

      async deadAfter(index) {
        const rows = await lookUp(
          `SELECT index FROM failed_deliveries WHERE sink_id = $1 AND status = 'DEAD' AND index > $2::bigint`,
          [sinkId, index],
        );
        return new Set(rows.map(([dead]) => Number(dead)));
      },

      async due(limit) {
        const rows = await lookUp(
          `SELECT * FROM (
             SELECT DISTINCT ON (order_key) ${columns}, next_attempt_at FROM failed_deliveries
             WHERE sink_id = $1 AND status = 'RETRYING' ORDER BY order_key, index
           ) AS oldest WHERE next_attempt_at <= clock_timestamp() ORDER BY index LIMIT $2::int`,
          [sinkId, limit],
        );
        return rows.map(failedDeliveryOf);
      },

      async delivered({ id, orderKey }) {
        await write(
          `WITH gone AS (DELETE FROM failed_deliveries WHERE id = $1)
           UPDATE failed_deliveries SET next_attempt_at = clock_timestamp()
           WHERE id = (SELECT id FROM failed_deliveries WHERE sink_id = $2 AND order_key = $3 AND id <> $1
             AND status = 'RETRYING' ORDER BY index LIMIT 1)`,
          [id, sinkId, orderKey],
        );
      },

      async rejected({ id, attempts }, { lastStatus, lastError, nextAttemptAtMs }) {
        await write(
          `UPDATE failed_deliveries SET attempts = $2::int, last_status = $3::int, last_error = $4,
             status = CASE WHEN $5::float8 IS NULL THEN 'DEAD' ELSE 'RETRYING' END,
             next_attempt_at = to_timestamp($5::float8 / 1000)
           WHERE id = $1`,
          [id, attempts + 1, lastStatus, lastError, nextAttemptAtMs],
        );
      },
    };
  }
}

/** One that is there already counts as kept: its event was handed over again. */
const keeping = `WITH known AS (
    SELECT FROM failed_deliveries WHERE sink_id = $2::uuid AND index = $3::bigint
  ), room AS (
    SELECT count(*) < $15::bigint AND coalesce(sum(octet_length(body)), 0) + octet_length($14::text) <= $16::bigint AS is_there
    FROM failed_deliveries WHERE sink_id = $2::uuid
  ), kept AS (
    INSERT INTO failed_deliveries
    SELECT $1::uuid, $2::uuid, $3::bigint, $4::uuid, $5, $6, $7, $8::int, $9::int, $10, to_timestamp($11::float8 / 1000),
      $12, $13::jsonb, $14, $17
    FROM room WHERE is_there AND NOT EXISTS (SELECT FROM known)
    RETURNING id
  )
  SELECT EXISTS (SELECT FROM known) OR EXISTS (SELECT FROM kept)`;

const failedDeliveryOf = (row: Row): FailedDelivery => {
  const [id, index, eventId, orderKey, key, status, attempts, lastStatus, lastError, next] = row;
  const [contentType, headers, body, rights] = row.slice(10);
  return {
    id: String(id),
    index: Number(index),
    eventId: String(eventId),
    orderKey: String(orderKey),
    key: key ?? null,
    status: status as FailedDeliveryStatus,
    attempts: Number(attempts),
    lastStatus: lastStatus == null ? null : Number(lastStatus),
    lastError: String(lastError),
    nextAttemptAtMs: next == null ? null : Number(next),
    contentType: String(contentType),
    headers: JSON.parse(String(headers)),
    body: String(body),
    rights: rights ?? null,
  };
};
