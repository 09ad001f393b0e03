import { isDeepStrictEqual } from 'node:util';
import { v7 } from 'uuid';
import type { Access, Session } from '../access/access.ts';
import type { GrantAction } from '../access/policy.ts';
import { Forbidden } from '../access/principal.ts';
import { hiddenField, requireReadable } from '../access/scoped-store.ts';
import type { Instant, Json } from '../event/event.ts';
import { everything, type Filter } from '../event/filter.ts';
import type { FilterInput } from '../event/filter-input.ts';
import { InputError, quoted } from '../event/input-error.ts';
import { InstantError, parseInstant, wholeMillisecond } from '../event/instant.ts';
import { parseText, storableJson } from '../event/text.ts';
import { readUuid } from '../event/uuid.ts';
import { pause } from '../runtime/backoff.ts';
import { stoppable } from '../runtime/stoppable.ts';
import { ManagementError } from '../sinks/management-error.ts';
import type { AlarmPosition, AlarmSearch, SeenAlarm } from '../store/alarms/alarm-table.ts';
import type { RuleRow } from '../store/alarms/rule-table.ts';
import type { SilenceRow } from '../store/alarms/silence-table.ts';
import type { OpenStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import type { AlarmEngine } from './engine.ts';
import { hiddenFromRule } from './hidden-from-rule.ts';
import { type AlarmRule, type AlarmRuleInput, filterOf, parseRule } from './rule.ts';

export interface AlarmsOptions {
  readonly store: OpenStore;
  readonly engine: Pick<AlarmEngine, 'changed'>;
  readonly access: Pick<Access, 'isOn'>;
  readonly maxFilterDepth: number;
  readonly now: () => Instant;
}

export interface SilenceInput {
  readonly namespace: string;
  readonly rules?: readonly string[] | null | undefined;
  readonly filter?: FilterInput | null | undefined;
  /** RFC 3339. */
  readonly until: string;
  readonly comment: string;
}

/** Which alarms a caller asks for; null where they do not say. */
export type AlarmQuery = Omit<AlarmSearch, 'events'>;

export interface RuleSummary {
  readonly firing: number;
  readonly lastFiredAt: Instant | null;
}

const maxRules = 10_000;
const maxSilenceRules = 1_000;
const maxCommentLength = 4_096;
const changesEveryMs = 300;
/** Changes that are written at about the same time may become visible in another order. */
const overlapMicros = 5_000_000;
const maxChanges = 1_000;

/** What callers do with alarms: each method says what the caller may not do with a ManagementError or Forbidden. */
export class Alarms {
  readonly #options: AlarmsOptions;

  constructor(options: AlarmsOptions) {
    this.#options = options;
  }

  async rules(session: Session, namespaces: readonly string[] | null): Promise<readonly RuleRow[]> {
    const rows = await this.#options.store.alarmRules.list(
      namespaces === null ? {} : { namespace: { in: [...namespaces] } },
    );
    return rows.filter(({ namespace }) => maySee(session, namespace));
  }

  /** Null where there is none that the caller may see. */
  async rule(session: Session, id: string): Promise<RuleRow | null> {
    const uuid = readUuid(id);
    const row = uuid === null ? null : await this.#options.store.alarmRules.find(uuid);
    return row !== null && maySee(session, row.namespace) ? row : null;
  }

  async createRule(session: Session, input: AlarmRuleInput): Promise<RuleRow> {
    const { store, now, engine } = this.#options;
    const { name, namespace, enabled } = this.parse(session, input);
    const since = wholeMillisecond(now());
    if ((await store.alarmRules.versions()).size >= maxRules) {
      throw new ManagementError('CONFLICT', `There are at most ${maxRules} rules: delete some.`);
    }
    const row: RuleRow = {
      id: v7(),
      namespace,
      name,
      origin: 'API',
      definition: storableJson(input),
      enabled,
      ownerRoles: this.#ownerRolesOf(session),
      problem: null,
      version: 1,
      activeSince: since,
      createdAt: since,
      updatedAt: since,
    };
    if (!(await store.alarmRules.create(row))) throw nameTaken(row);
    engine.changed();
    return row;
  }

  async updateRule(
    session: Session,
    id: string,
    { input, version }: { readonly input: AlarmRuleInput; readonly version: number | null },
  ): Promise<RuleRow> {
    const { store, now, engine } = this.#options;
    const row = await this.#managed(session, id);
    const { name, namespace, enabled } = this.parse(session, input);
    if (version !== null && version !== row.version) throw changedMeanwhile(row.version);
    const since = wholeMillisecond(now());
    const definition = storableJson(input);
    const isSame = isDeepStrictEqual(evaluated(definition), evaluated(row.definition));
    const updated: RuleRow = {
      ...row,
      name,
      namespace,
      enabled,
      definition,
      ownerRoles: this.#ownerRolesOf(session),
      activeSince: isSame ? row.activeSince : since,
      updatedAt: since,
    };
    const outcome = await store.alarmRules.update(updated, row.version);
    if (outcome === 'NAME_TAKEN') throw nameTaken(updated);
    if (outcome === 'CHANGED') throw changedMeanwhile(null);
    engine.changed();
    return (await store.alarmRules.find(row.id)) ?? updated;
  }

  async deleteRule(session: Session, id: string): Promise<string> {
    const { store, engine } = this.#options;
    const row = await this.#managed(session, id);
    await store.alarmRules.delete(row.id);
    engine.changed();
    return row.id;
  }

  /** A rule that the caller may declare. @throws InputError, ManagementError, Forbidden */
  parse(session: Session, input: AlarmRuleInput): AlarmRule {
    const { maxFilterDepth } = this.#options;
    const rule = parseRule(input, { maxFilterDepth, path: ['input'] });
    demand(session, 'MANAGE_ALARMS', rule.namespace);
    requireReadable(rule.filter, session.scope);
    const hidden = hiddenFromRule(rule, session.scope);
    if (hidden !== null) throw hiddenField(hidden.toLowerCase());
    return rule;
  }

  /** The newest first; one more than the limit where there are more. */
  async page(
    session: Session,
    query: AlarmQuery,
    place: { readonly after: AlarmPosition | null; readonly limit: number },
  ): Promise<readonly SeenAlarm[]> {
    return await this.#options.store.alarms.page(searchOf(session, query), place);
  }

  async count(session: Session, query: AlarmQuery): Promise<number> {
    return await this.#options.store.alarms.count(searchOf(session, query));
  }

  /** Null where there is none that the caller may see. */
  async find(store: Store, id: string): Promise<SeenAlarm | null> {
    const uuid = readUuid(id);
    const alarm = uuid === null ? null : await this.#options.store.alarms.find(uuid);
    return alarm !== null && (await store.event(alarm.id)) !== null ? alarm : null;
  }

  async acknowledge(
    session: Session,
    store: Store,
    { id, comment }: { readonly id: string; readonly comment: string | null },
  ): Promise<SeenAlarm> {
    const text = comment === null ? null : commentOf(comment, ['comment']);
    const alarm = await this.find(store, id);
    if (alarm === null) throw noAlarm(id);
    demand(session, 'MANAGE_ALARMS', alarm.namespace);
    const { name } = session.principal;
    const changed = await this.#options.store.alarms.acknowledge(alarm.id, { name, comment: text });
    if (changed === null) throw noAlarm(id);
    return changed;
  }

  /** Alarms whenever they change, until the iteration is left. @param store as the caller sees it */
  changes(store: Store, query: AlarmQuery): AsyncIterableIterator<SeenAlarm> {
    return stoppable((signal) => this.#changes(store, query, signal));
  }

  async silences(session: Session, active: boolean | null): Promise<readonly SilenceRow[]> {
    const { store, now } = this.#options;
    const rows = await store.silences.list(active, now());
    return rows.filter(({ namespace }) => maySee(session, namespace));
  }

  async createSilence(session: Session, input: SilenceInput): Promise<SilenceRow> {
    const { store, now, maxFilterDepth } = this.#options;
    const namespace = parseText(input.namespace, ['input', 'namespace']);
    demand(session, 'MANAGE_ALARMS', namespace);
    const filter = filterOf(input.filter, ['input', 'filter'], maxFilterDepth);
    // Whether an alarm is silenced would say what the filter asks for.
    if (input.filter != null) requireReadable(filter, session.scope);
    const rules = input.rules ?? [];
    if (rules.length > maxSilenceRules) {
      throw new InputError(
        ['input', 'rules'],
        `A silence names at most ${maxSilenceRules} rules, not ${rules.length}.`,
      );
    }
    const createdAt = wholeMillisecond(now());
    const row: SilenceRow = {
      id: v7(),
      namespace,
      rules: rules.map((rule, at) => parseText(rule, ['input', 'rules', String(at)])),
      filter: storableJson(input.filter ?? null),
      until: untilOf(input.until, createdAt),
      comment: commentOf(input.comment, ['input', 'comment']),
      createdBy: session.principal.name,
      ownerRoles: this.#ownerRolesOf(session),
      createdAt,
    };
    await store.silences.create(row);
    return row;
  }

  async endSilence(session: Session, id: string): Promise<SilenceRow> {
    const { store, now } = this.#options;
    const uuid = readUuid(id);
    const row = uuid === null ? null : await store.silences.find(uuid);
    if (row === null || !maySee(session, row.namespace)) {
      throw new ManagementError('NOT_FOUND', `There is no silence ${quoted(id)}.`);
    }
    demand(session, 'MANAGE_ALARMS', row.namespace);
    await store.silences.end(row.id, wholeMillisecond(now()));
    return (await store.silences.find(row.id)) ?? row;
  }

  async *#changes(
    store: Store,
    query: AlarmQuery,
    signal: AbortSignal,
  ): AsyncGenerator<SeenAlarm, undefined> {
    const { alarms } = this.#options.store;
    const begin = await alarms.clock();
    let since = begin;
    let seen = new Map<string, number>();
    while (!signal.aborted) {
      const changed = await alarms.changedSince(since, maxChanges);
      const fresh = changed.filter(({ id, revision }) => seen.get(id) !== revision);
      for (const alarm of fresh) {
        // An event that is not stored yet is looked for again.
        if ((await store.event(alarm.id)) === null) continue;
        seen.set(alarm.id, alarm.revision);
        if (matchesQuery(alarm, query)) yield alarm;
      }
      const latest = changed.at(-1)?.updatedAt ?? since;
      since = Math.max(begin, changed.length < maxChanges ? latest - overlapMicros : latest);
      const kept = new Set(changed.map(({ id }) => id));
      seen = new Map([...seen].filter(([id]) => kept.has(id)));
      await pause(changesEveryMs, signal);
    }
  }

  /** Their rights of the moment bound what a rule sees; null where there is no policy. */
  #ownerRolesOf({ principal }: Session): readonly string[] | null {
    return this.#options.access.isOn ? principal.roles : null;
  }

  async #managed(session: Session, id: string): Promise<RuleRow> {
    const row = await this.rule(session, id);
    if (row === null) throw new ManagementError('NOT_FOUND', `There is no rule ${quoted(id)}.`);
    demand(session, 'MANAGE_ALARMS', row.namespace);
    if (row.origin === 'API') return row;
    throw new ManagementError('FORBIDDEN', 'The rule is declared in a file: change it there.');
  }
}

const maySee = ({ scope }: Session, namespace: string): boolean =>
  scope.mayIn('READ', namespace) || scope.mayIn('MANAGE_ALARMS', namespace);

function demand({ scope }: Session, action: GrantAction, namespace: string): void {
  if (scope.mayIn(action, namespace)) return;
  throw new ManagementError('FORBIDDEN', `That needs ${action} in namespace ${quoted(namespace)}.`);
}

function searchOf({ scope }: Session, query: AlarmQuery): AlarmSearch {
  if (scope.read === 'NONE') throw new Forbidden('READ');
  const events: Filter = scope.read === 'ALL' ? everything : scope.read;
  return { ...query, events };
}

/** The same as the database says of what a query asks for. */
function matchesQuery(alarm: SeenAlarm, query: AlarmQuery): boolean {
  const { time, label, tags, acknowledged } = query;
  const among = <Value>(values: readonly Value[] | null, value: Value) =>
    values === null || values.includes(value);
  return (
    among(query.rules, alarm.ruleName) &&
    among(query.namespaces, alarm.namespace) &&
    among(query.states, alarm.state) &&
    among(query.severities, alarm.severity) &&
    (acknowledged === null || (alarm.acknowledgedAt !== null) === acknowledged) &&
    (tags === null || tags.every((tag) => alarm.tags.includes(tag))) &&
    (label === null || alarm.entity.some(({ value }) => value === label)) &&
    (time?.from == null || alarm.startedAt >= time.from) &&
    (time?.to == null || alarm.startedAt <= time.to)
  );
}

/** The parts of a definition that decide what is evaluated. */
function evaluated(definition: Json): unknown {
  const { filter, entity, condition, enabled } = definition as Readonly<Record<string, Json>>;
  return { filter, entity, condition, enabled };
}

function untilOf(text: string, now: Instant): Instant {
  const path = ['input', 'until'];
  const until = instantOf(text, path);
  if (until > now) return wholeMillisecond(until);
  throw new InputError(path, `${quoted(text)} is over already: give a moment that is to come.`);
}

function instantOf(text: string, path: readonly string[]): Instant {
  try {
    return parseInstant(text);
  } catch (error) {
    throw error instanceof InstantError ? error.about(text, path) : error;
  }
}

function commentOf(text: string, path: readonly string[]): string {
  const comment = parseText(text, path);
  if (comment.length <= maxCommentLength) return comment;
  throw new InputError(
    path,
    `A comment has at most ${maxCommentLength} characters, not ${comment.length}.`,
  );
}

const noAlarm = (id: string): ManagementError =>
  new ManagementError('NOT_FOUND', `There is no alarm ${quoted(id)}.`);

const nameTaken = ({ name, namespace }: RuleRow): ManagementError =>
  new ManagementError('CONFLICT', `Namespace ${quoted(namespace)} has a rule ${quoted(name)}.`);

const changedMeanwhile = (version: number | null): ManagementError =>
  new ManagementError(
    'CONFLICT',
    `The rule was changed meanwhile${version === null ? '' : `: it has version ${version}`}. Read it and try again.`,
  );
