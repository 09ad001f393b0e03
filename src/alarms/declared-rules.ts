import { isDeepStrictEqual } from 'node:util';
import { v5 } from 'uuid';
import type { Instant, Json } from '../event/event.ts';
import type { RuleRow, RuleTable } from '../store/alarms/rule-table.ts';
import type { Log } from '../telemetry/log.ts';
import type { AlarmRuleInput } from './rule.ts';

/** Makes ids of names, so that a rule keeps its alarms for as long as it keeps its name. */
const idNamespace = '2f8f4c0e-9d1e-4b2a-8f0f-6a8c1f3b7d11';

export interface DeclaredRulesOptions {
  readonly table: RuleTable;
  readonly log: Log;
  readonly now: () => Instant;
}

/** The rules of TIDINGS_ALARMS_FILE, which become rows like those of others. */
export class DeclaredRules {
  readonly #options: DeclaredRulesOptions;
  #inputs: readonly AlarmRuleInput[] | null = null;
  #isSettled = true;

  constructor(options: DeclaredRulesOptions) {
    this.#options = options;
  }

  /** From now on these are the rules of the file; rows of others of it are deleted. */
  declare(inputs: readonly AlarmRuleInput[]): void {
    this.#inputs = inputs;
    this.#isSettled = false;
  }

  /** Makes the rows what is declared. Rejects with Unavailable while the database is down. */
  async settle(): Promise<void> {
    if (this.#isSettled || this.#inputs === null) return;
    const inputs = this.#inputs;
    const { table } = this.#options;
    const rows = new Map((await table.list({ origin: 'FILE' })).map((row) => [row.id, row]));
    const declared = new Map(inputs.map((input) => [idOf(input), input]));
    for (const id of rows.keys()) if (!declared.has(id)) await table.delete(id);
    for (const [id, input] of declared) await this.#save(id, input, rows.get(id));
    this.#isSettled = inputs === this.#inputs;
  }

  async #save(id: string, input: AlarmRuleInput, row: RuleRow | undefined): Promise<void> {
    const { table, now, log } = this.#options;
    const since = Math.floor(now() / 1_000) * 1_000;
    const definition = JSON.parse(JSON.stringify(input)) as Json;
    if (row !== undefined && isDeepStrictEqual(row.definition, definition)) return;
    const { name, namespace, enabled } = input;
    const changed = { definition, enabled, activeSince: since, updatedAt: since };
    if (row !== undefined) {
      await table.update({ ...row, ...changed }, row.version);
      return;
    }
    const isCreated = await table.create({
      id,
      namespace,
      name,
      origin: 'FILE',
      ownerRoles: null,
      problem: null,
      version: 1,
      createdAt: since,
      ...changed,
    });
    // Another gateway may have made it at this moment.
    if (isCreated || (await table.find(id)) !== null) return;
    log.error({ name, namespace }, 'A rule of TIDINGS_ALARMS_FILE has a name that is taken.');
  }
}

const idOf = ({ namespace, name }: AlarmRuleInput): string =>
  v5(`${namespace}\n${name}`, idNamespace);
