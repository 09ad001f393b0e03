import type { Instant, Json } from '../../event/event.ts';
import { formatInstant } from '../../event/instant.ts';
import type { Database } from '../database/database.ts';
import { dateOf, instantOf } from '../database/dates.ts';
import type { Prisma, Silence } from '../generated/client.ts';

/** Until when alarms are recorded without being notified. Times are whole milliseconds. */
export interface SilenceRow {
  readonly id: string;
  readonly namespace: string;
  /** Names of rules; all of the namespace where there are none. */
  readonly rules: readonly string[];
  /** An EventFilter; null for all events. */
  readonly filter: Json;
  readonly until: Instant;
  readonly comment: string;
  readonly createdBy: string | null;
  /** The roles of whoever made it; null where there was no policy. */
  readonly ownerRoles: readonly string[] | null;
  readonly createdAt: Instant;
}

/** Silences that are listed at most; the newest are. */
const maxListed = 10_000;

/** Every method rejects with Unavailable when the database is down. */
export class SilenceTable {
  readonly #database: Pick<Database, 'ask' | 'list' | 'lookUp'>;

  constructor(database: Pick<Database, 'ask' | 'list' | 'lookUp'>) {
    this.#database = database;
  }

  /** Whether there is one that is active at a moment. */
  async anyActive(at: Instant): Promise<boolean> {
    const [row] = await this.#database.lookUp(
      'SELECT EXISTS (SELECT FROM silences WHERE until > $1::timestamptz)',
      [formatInstant(at)],
    );
    return row?.[0] === 't';
  }

  /** The newest first; those that are active at a moment, or not, or all. */
  async list(
    active: boolean | null,
    at: Instant,
    namespaces: readonly string[] | null = null,
  ): Promise<readonly SilenceRow[]> {
    const now = dateOf(at);
    const rows = await this.#database.list('silences', ({ silence }) =>
      silence.findMany({
        where: {
          ...(active !== null && { until: active ? { gt: now } : { lte: now } }),
          ...(namespaces !== null && { namespace: { in: [...namespaces] } }),
        },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: maxListed,
      }),
    );
    return rows.map(silenceOf);
  }

  async find(id: string): Promise<SilenceRow | null> {
    const row = await this.#database.ask(({ silence }) => silence.findUnique({ where: { id } }));
    return row === null ? null : silenceOf(row);
  }

  async create({ filter, rules, ownerRoles, ...row }: SilenceRow): Promise<void> {
    await this.#database.ask(({ silence }) =>
      silence.create({
        data: {
          ...row,
          rules: [...rules],
          ...(filter === null ? {} : { filter: filter as Prisma.InputJsonValue }),
          ...(ownerRoles === null ? {} : { ownerRoles: [...ownerRoles] }),
          until: dateOf(row.until),
          createdAt: dateOf(row.createdAt),
        },
      }),
    );
  }

  /** Ends a silence at this moment, unless it has ended before. */
  async end(id: string, at: Instant): Promise<void> {
    const until = dateOf(at);
    await this.#database.ask(({ silence }) =>
      silence.updateMany({ where: { id, until: { gt: until } }, data: { until } }),
    );
  }
}

const silenceOf = (row: Silence): SilenceRow => ({
  ...row,
  filter: row.filter as Json,
  ownerRoles: row.ownerRoles as readonly string[] | null,
  until: instantOf(row.until),
  createdAt: instantOf(row.createdAt),
});
