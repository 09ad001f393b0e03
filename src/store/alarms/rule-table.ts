import type { Instant, Json } from '../../event/event.ts';
import { formatInstant } from '../../event/instant.ts';
import { stringifyJson } from '../../event/json.ts';
import type { Row } from '../database/connection.ts';
import type { Database } from '../database/database.ts';
import { dateOf, instantOf } from '../database/dates.ts';
import { sqlState } from '../database/outage.ts';
import type { AlarmRule, Prisma } from '../generated/client.ts';

type RuleOrigin = 'API' | 'FILE';

/** A rule of alarms as it is kept. Times are whole milliseconds. */
export interface RuleRow {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly origin: RuleOrigin;
  /** An AlarmRuleInput. */
  readonly definition: Json;
  readonly enabled: boolean;
  /** The roles of whoever made it; null for one of a file, and where there was no policy. */
  readonly ownerRoles: readonly string[] | null;
  readonly problem: string | null;
  readonly version: number;
  /** When it began to be evaluated as it is. */
  readonly activeSince: Instant;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

/** The rules of alarms. Every method rejects with Unavailable when the database is down. */
export class RuleTable {
  readonly #database: Pick<Database, 'ask' | 'list' | 'lookUp' | 'write'>;

  constructor(database: Pick<Database, 'ask' | 'list' | 'lookUp' | 'write'>) {
    this.#database = database;
  }

  /** The versions of all rules by id. Asked every second: by a statement of its own, so that Prisma is not loaded for it. */
  async versions(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#database.lookUp('SELECT id, version FROM alarm_rules');
    return new Map(rows.map(([id, version]: Row) => [String(id), Number(version)]));
  }

  async list(where: Prisma.AlarmRuleWhereInput = {}): Promise<readonly RuleRow[]> {
    const orderBy = [{ name: 'asc' as const }, { namespace: 'asc' as const }];
    const rows = await this.#database.list('alarm_rules', ({ alarmRule }) =>
      alarmRule.findMany({ where, orderBy }),
    );
    return rows.map(ruleOf);
  }

  async find(id: string): Promise<RuleRow | null> {
    const row = await this.#database.ask(({ alarmRule }) =>
      alarmRule.findUnique({ where: { id } }),
    );
    return row === null ? null : ruleOf(row);
  }

  /** False where the namespace has a rule of this name. */
  async create(row: RuleRow): Promise<boolean> {
    const { count } = await this.#database.ask(({ alarmRule }) =>
      alarmRule.createMany({ data: [dataOf(row)], skipDuplicates: true }),
    );
    return count === 1;
  }

  /** Replaces what was given, where the row still has the version. */
  async update(row: RuleRow, version: number): Promise<'UPDATED' | 'CHANGED' | 'NAME_TAKEN'> {
    try {
      // Not by Prisma, whose error about the name cannot be distinguished from an outage on PGlite.
      const updated = await this.#database.write(
        `UPDATE alarm_rules SET namespace = $3, name = $4, definition = $5::jsonb, enabled = $6::boolean,
           owner_roles = $7::jsonb, active_since = $8::timestamptz, updated_at = $9::timestamptz, problem = NULL,
           version = version + 1
         WHERE id = $1 AND version = $2::int RETURNING id`,
        [
          row.id,
          version,
          row.namespace,
          row.name,
          stringifyJson(row.definition),
          row.enabled,
          row.ownerRoles === null ? null : JSON.stringify(row.ownerRoles),
          formatInstant(row.activeSince),
          formatInstant(row.updatedAt),
        ],
      );
      return updated.length === 1 ? 'UPDATED' : 'CHANGED';
    } catch (error) {
      if (sqlState(error) === '23505') return 'NAME_TAKEN';
      throw error;
    }
  }

  async delete(id: string): Promise<void> {
    await this.#database.write('DELETE FROM alarm_rules WHERE id = $1', [id]);
  }

  /** Says why rules cannot be evaluated, or that they can. */
  async setProblems(problems: ReadonlyMap<string, string | null>): Promise<void> {
    await this.#database.write(
      `UPDATE alarm_rules SET problem = given.problem
       FROM jsonb_to_recordset($1::jsonb) AS given(id uuid, problem text)
       WHERE alarm_rules.id = given.id AND alarm_rules.problem IS DISTINCT FROM given.problem`,
      [JSON.stringify([...problems].map(([id, problem]) => ({ id, problem })))],
    );
  }
}

const dataOf = ({ definition, ownerRoles, ...row }: RuleRow) => ({
  ...row,
  definition: definition as Prisma.InputJsonValue,
  ...(ownerRoles === null ? {} : { ownerRoles: [...ownerRoles] }),
  activeSince: dateOf(row.activeSince),
  createdAt: dateOf(row.createdAt),
  updatedAt: dateOf(row.updatedAt),
});

const ruleOf = (row: AlarmRule): RuleRow => ({
  ...row,
  origin: row.origin as RuleOrigin,
  definition: row.definition as Json,
  ownerRoles: row.ownerRoles as readonly string[] | null,
  activeSince: instantOf(row.activeSince),
  createdAt: instantOf(row.createdAt),
  updatedAt: instantOf(row.updatedAt),
});
