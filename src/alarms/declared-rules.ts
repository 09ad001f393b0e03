import { isDeepStrictEqual } from 'node:util';
import { v5 } from 'uuid';
import type { Instant, Json } from '../event/event.ts';
import { InputError } from '../event/input-error.ts';
import { wholeMillisecond } from '../event/instant.ts';
import { storableJson } from '../event/text.ts';
import { Declarations } from '../runtime/declarations.ts';
import type { RuleRow, RuleTable } from '../store/alarms/rule-table.ts';
import type { Log } from '../telemetry/log.ts';
import { type AlarmRule, type AlarmRuleInput, parseRule } from './rule.ts';

/** Makes ids of names, so that a rule keeps its alarms for as long as it keeps its name. */
const idNamespace = '2f8f4c0e-9d1e-4b2a-8f0f-6a8c1f3b7d11';

/** A rule that a file declares, instead of a caller of the API. */
export interface DeclaredRule {
  /** As the API takes it, or as near to that as it can be shown. */
  readonly input: AlarmRuleInput;
  /** Set where the input does not say everything. */
  readonly own?: {
    /** Null where `problem` says why it cannot be evaluated. */
    readonly rule: AlarmRule | null;
    readonly problem: string | null;
    /** Differs whenever the rule does. */
    readonly definition: Json;
  };
}

interface Declared extends DeclaredRule {
  readonly id: string;
  readonly owner: string;
}

export interface DeclaredRulesOptions {
  readonly table: RuleTable;
  readonly log: Log;
  readonly now: () => Instant;
}

/** A rule's row says who declared it, and what its input does not say. */
interface DeclaredDefinition {
  readonly declaredBy?: string;
  readonly own?: Json;
}

/** The rules that files declare, each file's by the name of who reads it. They become rows like those of others. */
export class DeclaredRules {
  readonly #options: DeclaredRulesOptions;
  readonly #declared = new Declarations<Declared>();
  #revision = 0;

  constructor(options: DeclaredRulesOptions) {
    this.#options = options;
  }

  /** Grows whenever rules are declared. */
  get revision(): number {
    return this.#revision;
  }

  /** From now on these are the rules of an owner; rows of others of it are deleted. */
  declare(owner: string, rules: readonly DeclaredRule[]): void {
    this.#declared.replace(
      owner,
      rules.map((rule) => ({ ...rule, owner, id: idOf(owner, rule.input) })),
    );
    this.#revision += 1;
  }

  /** The rule of a row. @throws InputError where it cannot be evaluated */
  ruleOf({ id, definition }: RuleRow, maxFilterDepth: number): AlarmRule {
    const { own } = definition as DeclaredDefinition;
    if (own === undefined) {
      const input = definition as unknown as AlarmRuleInput;
      return parseRule(input, { maxFilterDepth, path: [] });
    }
    const declared = this.#declared.get(id)?.own;
    if (declared === undefined) {
      throw new InputError(['rule'], 'It is declared in a file that this gateway does not read.');
    }
    if (declared.rule !== null) return declared.rule;
    throw new InputError(['condition'], declared.problem ?? 'It cannot be evaluated.');
  }

  /** What is declared here of a rule beyond its row; null for other rules. */
  ownOf(id: string): Json {
    return this.#declared.get(id)?.own?.definition ?? null;
  }

  /** Makes the rows what is declared. Rejects with Unavailable while the database is down. */
  settle(): Promise<void> {
    return this.#declared.settle((owner, declared) => this.#settle(owner, declared));
  }

  async #settle(owner: string, declared: readonly Declared[]): Promise<void> {
    const { table } = this.#options;
    const rows = (await table.list({ origin: 'FILE' })).filter(
      // A row that does not say whose it is was made by an earlier version, under another id.
      ({ definition }) => ((definition as DeclaredDefinition).declaredBy ?? owner) === owner,
    );
    const wanted = new Set(declared.map(({ id }) => id));
    for (const { id } of rows) if (!wanted.has(id)) await table.delete(id);
    const known = new Map(rows.map((row) => [row.id, row]));
    for (const each of declared) await this.#save(each, known.get(each.id));
  }

  async #save({ id, owner, input, own }: Declared, row: RuleRow | undefined): Promise<void> {
    const { table, now, log } = this.#options;
    const since = wholeMillisecond(now());
    const said: DeclaredDefinition = { declaredBy: owner, ...(own && { own: own.definition }) };
    const definition = storableJson({ ...input, ...said });
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
    log.error({ name, namespace, owner }, 'A declared rule of alarms has a name that is taken.');
  }
}

/** A rule's definition as it was given. */
export function givenDefinition(definition: Json): Json {
  const { declaredBy: _, own, ...input } = definition as DeclaredDefinition & Record<string, Json>;
  return input;
}

const idOf = (owner: string, { namespace, name }: AlarmRuleInput): string =>
  v5(`${owner}\n${namespace}\n${name}`, idNamespace);
