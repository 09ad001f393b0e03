import type { Instant, Json } from '../../event/event.ts';
import { stringifyJson } from '../../event/json.ts';
import type { Database } from '../database/database.ts';
import { dateOf, instantOf } from '../database/dates.ts';
import { sqlState } from '../database/outage.ts';
import type { Prisma, Sink, SinkReplay } from '../generated/client.ts';

export const sinkStates = ['ACTIVE', 'PAUSED', 'FAILING', 'BLOCKED', 'DISABLED'] as const;
export type SinkState = (typeof sinkStates)[number];
/** The states in which a sink follows the journal. */
export const runningStates: readonly SinkState[] = ['ACTIVE', 'FAILING', 'BLOCKED'];

export type SinkOrigin = 'API' | 'FILE';
export type ReplayState = 'RUNNING' | 'DONE' | 'CANCELLED';

export interface SinkRow {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly origin: SinkOrigin;
  readonly spec: Json;
  readonly secrets: string | null;
  /** Whose rights bound it, as JSON; null for one of a file, and where there was no policy. */
  readonly owner: string | null;
  readonly state: SinkState;
  readonly stateReason: string | null;
  readonly stateSince: Instant;
  readonly deliveredCount: number;
  readonly failedCount: number;
  readonly version: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

export interface ReplayRow {
  readonly id: string;
  readonly sinkId: string;
  readonly state: ReplayState;
  readonly from: number;
  readonly to: number;
  readonly filter: Json;
  readonly deliveredCount: number;
  readonly failedCount: number;
}

/** Decides whether a sink or a replay runs, and whether it has to restart. */
export interface RunningRow {
  readonly id: string;
  /** Null for a sink itself. */
  readonly replayId: string | null;
  readonly origin: SinkOrigin;
  readonly version: number;
  /** Of the sink. */
  readonly owner: string | null;
}

/** Deliveries since they were counted last, of a sink or of a replay. */
export interface DeliveryCounts {
  readonly id: string;
  readonly delivered: number;
  readonly failed: number;
}

/** The rows of sinks and of their replays. Every method rejects with Unavailable when the database is down. */
export class SinkTable {
  readonly #database: Pick<Database, 'ask' | 'list' | 'lookUp' | 'write'>;

  constructor(database: Pick<Database, 'ask' | 'list' | 'lookUp' | 'write'>) {
    this.#database = database;
  }

  /** Asked every second: by a statement of its own, as a gateway without sinks does without Prisma. */
  async running(): Promise<readonly RunningRow[]> {
    const rows = await this.#database.lookUp(
      `SELECT id, NULL, origin, version, owner FROM sinks WHERE state IN ('ACTIVE', 'FAILING', 'BLOCKED')
       UNION ALL
       SELECT sinks.id, sink_replays.id, origin, version, owner FROM sink_replays JOIN sinks ON sinks.id = sink_id
       WHERE sink_replays.state = 'RUNNING' AND sinks.state IN ('ACTIVE', 'FAILING', 'BLOCKED')`,
    );
    return rows.map(([id, replayId, origin, version, owner]) => ({
      id: String(id),
      replayId: replayId ?? null,
      origin: origin as SinkOrigin,
      version: Number(version),
      owner: owner ?? null,
    }));
  }

  async list(where: Prisma.SinkWhereInput = {}): Promise<readonly SinkRow[]> {
    const orderBy = [{ name: 'asc' as const }, { namespace: 'asc' as const }];
    const rows = await this.#database.list('sinks', ({ sink }) =>
      sink.findMany({ where, orderBy }),
    );
    return rows.map(sinkOf);
  }

  async find(id: string): Promise<SinkRow | null> {
    const row = await this.#database.ask(({ sink }) => sink.findUnique({ where: { id } }));
    return row === null ? null : sinkOf(row);
  }

  /** False where the namespace has a sink of this name. */
  async create(row: SinkRow): Promise<boolean> {
    const { count } = await this.#database.ask(({ sink }) =>
      sink.createMany({ data: [dataOf(row)], skipDuplicates: true }),
    );
    return count === 1;
  }

  /** Saves the given fields; the state and the counts stay. False where another has changed the sink, or has the name. */
  async update(row: SinkRow, version: number): Promise<'UPDATED' | 'CHANGED' | 'NAME_TAKEN'> {
    const { id, namespace, name, spec, secrets, owner, updatedAt } = dataOf(row);
    try {
      // Not by Prisma, whose error about the name cannot be distinguished from an outage on PGlite.
      const updated = await this.#database.write(
        `UPDATE sinks SET namespace = $3, name = $4, spec = $5::jsonb, secrets = $6, updated_at = $7::timestamptz,
           owner = $8, version = version + 1
         WHERE id = $1 AND version = $2::int RETURNING id`,
        [
          id,
          version,
          namespace,
          name,
          stringifyJson(spec),
          secrets,
          updatedAt.toISOString(),
          owner,
        ],
      );
      return updated.length === 1 ? 'UPDATED' : 'CHANGED';
    } catch (error) {
      if (sqlState(error) === '23505') return 'NAME_TAKEN';
      throw error;
    }
  }

  async delete(id: string): Promise<boolean> {
    const { count } = await this.#database.ask(({ sink }) => sink.deleteMany({ where: { id } }));
    return count === 1;
  }

  /** Changes the state, unless it is none of `from`; false where it is not changed. */
  async setState(
    id: string,
    from: readonly SinkState[],
    to: { readonly state: SinkState; readonly reason: string | null; readonly since: Instant },
  ): Promise<boolean> {
    const { count } = await this.#database.ask(({ sink }) =>
      sink.updateMany({
        where: { id, state: { in: [...from] } },
        data: { state: to.state, stateReason: to.reason, stateSince: dateOf(to.since) },
      }),
    );
    return count === 1;
  }

  /** Adds to the counts of sinks and of replays, which share one statement. */
  async count(counts: readonly DeliveryCounts[]): Promise<void> {
    await this.#database.write(
      `WITH counted (id, delivered, failed) AS (
         SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[])
       ), replays AS (
         UPDATE sink_replays SET delivered_count = delivered_count + delivered, failed_count = failed_count + failed
         FROM counted WHERE sink_replays.id = counted.id
       )
       UPDATE sinks SET delivered_count = delivered_count + delivered, failed_count = failed_count + failed
       FROM counted WHERE sinks.id = counted.id`,
      [
        counts.map(({ id }) => id),
        counts.map(({ delivered }) => String(delivered)),
        counts.map(({ failed }) => String(failed)),
      ],
    );
  }

  async createReplay(row: ReplayRow, createdAt: Instant): Promise<void> {
    const { filter, ...rest } = row;
    const data = { ...rest, createdAt: dateOf(createdAt) };
    await this.#database.ask(({ sinkReplay }) =>
      sinkReplay.create({
        data: filter === null ? data : { ...data, filter: filter as Prisma.InputJsonValue },
      }),
    );
  }

  async replays(where: Prisma.SinkReplayWhereInput): Promise<readonly ReplayRow[]> {
    const rows = await this.#database.ask(({ sinkReplay }) =>
      sinkReplay.findMany({ where, orderBy: { createdAt: 'desc' } }),
    );
    return rows.map(replayOf);
  }

  /** False where the replay had ended already. */
  async endReplay(id: string, state: ReplayState): Promise<boolean> {
    const { count } = await this.#database.ask(({ sinkReplay }) =>
      sinkReplay.updateMany({ where: { id, state: 'RUNNING' }, data: { state } }),
    );
    return count === 1;
  }
}

const dataOf = (row: SinkRow) => ({
  ...row,
  spec: row.spec as Prisma.InputJsonValue,
  stateSince: dateOf(row.stateSince),
  createdAt: dateOf(row.createdAt),
  updatedAt: dateOf(row.updatedAt),
});

const sinkOf = (row: Sink): SinkRow => ({
  ...row,
  origin: row.origin as SinkOrigin,
  spec: row.spec as Json,
  state: row.state as SinkState,
  stateSince: instantOf(row.stateSince),
  deliveredCount: Number(row.deliveredCount),
  failedCount: Number(row.failedCount),
  createdAt: instantOf(row.createdAt),
  updatedAt: instantOf(row.updatedAt),
});

const replayOf = (row: SinkReplay): ReplayRow => ({
  id: row.id,
  sinkId: row.sinkId,
  state: row.state as ReplayState,
  from: Number(row.from),
  to: Number(row.to),
  filter: row.filter as Json,
  deliveredCount: Number(row.deliveredCount),
  failedCount: Number(row.failedCount),
});
