import { openScope, type Scope } from '../access/scope.ts';
import { readableBy } from '../access/scoped-store.ts';
import type { DurableConsumer } from '../consumers/consumer.ts';
import type { ConsumerSupervisor } from '../consumers/supervisor.ts';
import type { Instant } from '../event/event.ts';
import { everything } from '../event/filter.ts';
import { InputError } from '../event/input-error.ts';
import { Repeated } from '../runtime/repeated.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { RuleRow } from '../store/alarms/rule-table.ts';
import { logUnexpectedError } from '../telemetry/unexpected-error.ts';
import { AlarmRun, type AlarmRunOptions, alarmConsumer, type LoadedRules } from './alarm-run.ts';
import type { DeclaredRules } from './declared-rules.ts';
import { hiddenFromRule } from './hidden-from-rule.ts';
import type { CheckedWindow } from './minute-evaluator.ts';
import type { AlarmRule } from './rule.ts';
import type { LoadedRule } from './rule-set.ts';
import { lookBackMicros } from './rule-test.ts';

const syncEveryMs = 1_000;
const ensureEveryMs = 10_000;
const pruneEveryMs = 10 * 60_000;
/** Alarms that ended longer ago are deleted once their events are. */
const pruneAfterMicros = 3_600_000_000;
const maxRepeatedEvents = 2_000;

export interface AlarmEngineOptions extends Omit<AlarmRunOptions, 'loadRules'> {
  readonly supervisor: ConsumerSupervisor;
  readonly declared: DeclaredRules;
  /** How long events are kept; null where they are not deleted. */
  readonly retentionMicros: number | null;
}

/** Evaluates the rules that the database has, in one gateway at a time. */
export class AlarmEngine implements AsyncDisposable {
  readonly #options: AlarmEngineOptions;
  readonly #consumer: DurableConsumer;
  readonly #syncing: Repeated;
  #isAdded = false;
  #ensuredAtMs = 0;
  #run: AlarmRun | null = null;
  /** What the run evaluates, and the rights of whoever made it, as a string. */
  #loaded = '';
  #owners: ReadonlyMap<string, readonly string[]> = new Map();
  #prunedAtMs = performance.now();
  #ownerless = 0;

  constructor(options: AlarmEngineOptions) {
    this.#options = options;
    this.#consumer = {
      name: alarmConsumer,
      filter: everything,
      maxRepeatedEvents,
      begin: async (lease) => {
        const loadRules = () => this.#loadRules();
        const run = await AlarmRun.begin(lease, { ...options, loadRules });
        this.#run = run;
        return {
          handle: (events, upTo) => run.handle(events, upTo),
          gap: (from, to) => run.gap(from, to),
          end: async () => {
            if (this.#run === run) this.#run = null;
            await run.end();
          },
        };
      },
    };
    this.#syncing = new Repeated(
      () => syncEveryMs,
      () => this.#sync(),
      (error) => {
        if (error instanceof Unavailable) return;
        logUnexpectedError(options.log, { error, where: 'the rules of alarms' });
      },
    );
    this.#syncing.soon();
  }

  /** Entities that this gateway evaluates. */
  get entityCount(): number {
    return this.#run?.entityCount ?? 0;
  }

  /** Events in the windows that this gateway evaluates. */
  get sampleCount(): number {
    return this.#run?.sampleCount ?? 0;
  }

  /** The windows of a rule with an expression; null where this gateway does not evaluate it. */
  windowsOf(namespace: string, name: string): Iterable<CheckedWindow> | null {
    return this.#run?.windowsOf(namespace, name) ?? null;
  }

  /** Rules were changed: does not wait for the next turn. */
  changed(): void {
    this.#syncing.soon();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#syncing[Symbol.asyncDispose]();
  }

  async #sync(): Promise<void> {
    const { store, declared } = this.#options;
    await declared.settle();
    const versions = await store.alarmRules.versions();
    if (versions.size === 0 && !(await store.alarms.hasUnfinished())) {
      await this.#rest();
      return await this.#prune();
    }
    await this.#consume();
    const run = this.#run;
    if (run === null) return;
    if (this.#signature(versions) !== this.#loaded) await run.rulesChanged();
    await this.#prune();
  }

  /** Takes part in evaluating: reads the journal from now on, or from where it was left. */
  async #consume(): Promise<void> {
    const { store, journal, supervisor } = this.#options;
    const isLost = this.#run === null && performance.now() - this.#ensuredAtMs >= ensureEveryMs;
    if (this.#isAdded && !isLost) return;
    // Another gateway that has not seen the rules yet may have deleted it meanwhile.
    await store.consumers.ensure(alarmConsumer, await journal.lastIndex());
    this.#ensuredAtMs = performance.now();
    if (this.#isAdded) return;
    await supervisor.add(this.#consumer);
    this.#isAdded = true;
  }

  /** Without rules the journal is not read: a later rule does not count what is reported meanwhile. */
  async #rest(): Promise<void> {
    if (!this.#isAdded) return;
    const { store, supervisor } = this.#options;
    this.#isAdded = false;
    await supervisor.remove(alarmConsumer);
    await store.consumers.remove(alarmConsumer);
  }

  async #prune(): Promise<void> {
    if (performance.now() - this.#prunedAtMs < pruneEveryMs) return;
    this.#prunedAtMs = performance.now();
    const { store, now } = this.#options;
    await store.alarms.prune(now() - pruneAfterMicros);
  }

  #signature(versions: ReadonlyMap<string, number>): string {
    const rights = [...this.#owners].map(([id, roles]) => `${id} ${this.#rightsOf(roles)}`);
    const each = [...versions].map(([id, version]) => `${id} ${version}`);
    const { revision } = this.#options.declared;
    return [`declared ${revision}`, ...each, ...rights].sort().join();
  }

  #rightsOf(roles: readonly string[]): string {
    return this.#options.access.scopeOf(roles).readKey;
  }

  async #loadRules(): Promise<LoadedRules> {
    const rows = await this.#options.store.alarmRules.list();
    this.#owners = new Map(
      rows.flatMap(({ id, ownerRoles }) => (ownerRoles ? [[id, ownerRoles]] : [])),
    );
    this.#loaded = this.#signature(new Map(rows.map(({ id, version }) => [id, version])));
    this.#warnOfOwnerless(rows);
    const rules: LoadedRule[] = [];
    const problems = new Map<string, string | null>();
    for (const row of rows.filter(({ enabled }) => enabled)) {
      try {
        rules.push(this.#load(row));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        problems.set(row.id, `${error.argument.join('.')}: ${error.message}`);
      }
    }
    if (problems.size > 0) await this.#options.store.alarmRules.setProblems(problems);
    return { rules, broken: new Set(problems.keys()) };
  }

  #warnOfOwnerless(rows: readonly RuleRow[]): void {
    const ownerless = rows.filter((row) => row.enabled && this.#scopeOf(row) === null).length;
    if (ownerless > 0 && ownerless !== this.#ownerless) {
      this.#options.log.warn(
        { rules: ownerless },
        'Rules of alarms that were made before there was a policy have no owner: they see no events until they are updated.',
      );
    }
    this.#ownerless = ownerless;
  }

  #load(row: RuleRow): LoadedRule {
    const { declared, maxFilterDepth, retentionMicros } = this.#options;
    const rule = declared.ruleOf(row, maxFilterDepth);
    const activeSince = row.activeSince as Instant;
    const scope = this.#scopeOf(row);
    const blindness = blindnessOf(rule, scope);
    const filter =
      blindness === null ? readableBy(scope ?? openScope, rule.filter) : { not: everything };
    return {
      id: row.id,
      version: row.version,
      own: declared.ownOf(row.id),
      activeSince,
      rule: { ...rule, filter },
      scope: scope ?? openScope,
      rights: scope?.readKey ?? '',
      problem: blindness ?? forgetfulnessOf(rule, retentionMicros),
      savedProblem: row.problem,
    };
  }

  /** The rights of a rule: those of a file have all; null for one that was made before there was a policy. */
  #scopeOf({ origin, ownerRoles }: RuleRow): Scope | null {
    const { access } = this.#options;
    if (!access.isOn || origin === 'FILE') return openScope;
    return ownerRoles === null ? null : access.scopeOf(ownerRoles);
  }
}

/** Why a rule sees no event, whatever its filter says; null where it does. */
function blindnessOf(rule: AlarmRule, scope: Scope | null): string | null {
  const remedy = 'updating it makes you its owner.';
  if (scope === null) return `It was made before there was a policy, and has no owner: ${remedy}`;
  if (scope.read === 'NONE') return `Its owner may no longer read events: ${remedy}`;
  const hidden = hiddenFromRule(rule, scope)?.toLowerCase() ?? null;
  return hidden === null
    ? null
    : `It asks for the ${hidden} of events, which its owner may no longer read: ${remedy}`;
}

/** Why a rule knows less after a restart than before; null where it does not. */
function forgetfulnessOf(rule: AlarmRule, retentionMicros: number | null): string | null {
  if (
    retentionMicros === null ||
    lookBackMicros({ ...rule, pendingForMicros: 0 }) <= retentionMicros
  ) {
    return null;
  }
  return 'It looks back for longer than events are kept (TIDINGS_RETENTION): after a restart it does not know of older ones.';
}
