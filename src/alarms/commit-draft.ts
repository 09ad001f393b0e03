import { v5 } from 'uuid';
import type { Event, Instant } from '../event/event.ts';
import { expandTags } from '../event/tags.ts';
import type {
  AlarmCommit,
  AlarmRow,
  AlarmUpdate,
  GroupRow,
  StoredState,
} from '../store/alarms/alarm-table.ts';
import { entityName, namedLabels } from './entity.ts';
import type { AlarmChange, RuleEvaluator } from './rule-evaluator.ts';
import type { LoadedRule, RuleChange } from './rule-set.ts';

/** Alarms of one rule that are notified one by one within a minute; a notice of several speaks for further ones. */
const maxSeparateNotices = 20;
const minute = 60_000_000;
/** A notice of several is sent again at most this often while its alarms become more. */
const groupNoticeEvery = 10_000_000;
const maxSample = 10;
const groupIdNamespace = 'a0c3f7f4-7a1b-4f0b-9d2a-3f1f6f0e8c55';

type GroupChange = AlarmCommit['groups'][number];

interface OpenGroup {
  readonly id: string;
  readonly openedAt: Instant;
  noticedAt: Instant;
  hasNews: boolean;
}

/** Which alarms are notified one by one, and which together. */
export class Grouping {
  readonly #separate = new Map<string, Instant[]>();
  readonly #open = new Map<string, OpenGroup>();
  /** Of alarms that are firing, by their ids. */
  readonly #groupOf: Map<string, string>;

  constructor(groupOf: ReadonlyMap<string, string>) {
    this.#groupOf = new Map(groupOf);
  }

  /** The group that an alarm joins; null where it is notified by itself. */
  join({ loaded: { id: ruleId }, change }: RuleChange): OpenGroup | null {
    const { at, alarmId } = change;
    const recent = (this.#separate.get(ruleId) ?? []).filter((each) => each > at - minute);
    this.#separate.set(ruleId, recent);
    if (recent.length < maxSeparateNotices) {
      recent.push(at);
      return null;
    }
    let group = this.#open.get(ruleId);
    if (group === undefined || group.openedAt <= at - minute) {
      const id = v5(`${ruleId} ${at} ${alarmId}`, groupIdNamespace);
      group = { id, openedAt: at, noticedAt: at, hasNews: false };
      this.#open.set(ruleId, group);
    } else group.hasNews = true;
    this.#groupOf.set(alarmId, group.id);
    return group;
  }

  /** The group of an alarm that has recovered. */
  leave(alarmId: string): string | null {
    const groupId = this.#groupOf.get(alarmId) ?? null;
    this.#groupOf.delete(alarmId);
    return groupId;
  }

  /** The groups that have become larger since they were notified, each at most every 10 s, by the ids of their rules. */
  takeNews(at: Instant): ReadonlyMap<string, string> {
    const news = new Map<string, string>();
    for (const [ruleId, group] of this.#open) {
      if (!group.hasNews || at < group.noticedAt + groupNoticeEvery) continue;
      Object.assign(group, { hasNews: false, noticedAt: at });
      news.set(ruleId, group.id);
    }
    return news;
  }
}

/** What is to be written next, as rows: several changes of one alarm become one. */
export class CommitDraft {
  readonly #states = new Map<string, StoredState>();
  readonly #fired = new Map<string, AlarmRow>();
  readonly #updates = new Map<string, AlarmUpdate>();
  readonly #groups = new Map<string, GroupChange>();

  get isEmpty(): boolean {
    return this.#fired.size + this.#updates.size + this.#states.size + this.#groups.size === 0;
  }

  /** Whether something is to be reported. */
  get hasReports(): boolean {
    return (
      this.#fired.size > 0 ||
      this.#groups.size > 0 ||
      [...this.#updates.values()].some(({ isReported }) => isReported)
    );
  }

  get rows(): Pick<AlarmCommit, 'states' | 'fired' | 'updates' | 'groups'> {
    return {
      states: [...this.#states.values()],
      fired: [...this.#fired.values()],
      updates: [...this.#updates.values()],
      groups: [...this.#groups.values()],
    };
  }

  takeStates(evaluators: Iterable<RuleEvaluator>): void {
    for (const evaluator of evaluators) {
      const { ruleId } = evaluator;
      for (const { entity, state } of evaluator.takeUnsaved()) {
        this.#states.set(`${ruleId} ${entity}`, { ruleId, entity, state });
      }
      for (const [id, { value, isObserving }] of evaluator.takeViews()) {
        this.#update(id, {
          state: isObserving ? 'OBSERVING_RECOVERY' : 'FIRING',
          latestValue: value,
        });
      }
    }
  }

  /** The state of an entity whose rule is gone. */
  forget(state: Pick<StoredState, 'ruleId' | 'entity'>): void {
    this.#states.set(`${state.ruleId} ${state.entity}`, { ...state, state: null });
  }

  /** @param isSilenced whether a silence covers the alarm @param event the latest that led to it */
  fired(
    fired: RuleChange,
    {
      isSilenced,
      event,
      grouping,
    }: { readonly isSilenced: boolean; readonly event: Event | null; readonly grouping: Grouping },
  ): void {
    const { loaded, change } = fired;
    const group = isSilenced ? null : grouping.join(fired);
    const row = rowOf(fired, { isSilenced, event, groupId: group?.id ?? null });
    this.#fired.set(change.alarmId, row);
    if (group === null) return;
    const known = this.#groups.get(group.id) ?? emptyGroup(loaded, group.id, group.openedAt);
    const name = entityName(change.labels, loaded.rule.name);
    this.#groups.set(group.id, {
      ...known,
      members: known.members + 1,
      firing: known.firing + 1,
      sample: known.sample.length < maxSample ? [...known.sample, name] : known.sample,
      reported: known.reported && group.openedAt !== change.at,
    });
  }

  reminded({ alarmId, latestValue, notices }: AlarmChange): void {
    this.#update(alarmId, { state: 'FIRING', latestValue, notices, isReported: true });
  }

  recovered({ loaded, change }: RuleChange, grouping: Grouping): void {
    const { alarmId, at, latestValue } = change;
    this.recover(alarmId, at, latestValue);
    const groupId = grouping.leave(alarmId);
    if (groupId === null) return;
    const known = this.#groups.get(groupId) ?? emptyGroup(loaded, groupId, at);
    this.#groups.set(groupId, { ...known, firing: known.firing - 1, endedAt: at });
  }

  recover(id: string, recoveredAt: Instant, latestValue: number | null): void {
    this.#update(id, { state: 'RECOVERED', latestValue, recoveredAt, isReported: true });
  }

  /** Notifies again of groups that have become larger. */
  groupNews(news: ReadonlyMap<string, string>, ruleOf: (id: string) => LoadedRule | null): void {
    for (const [ruleId, groupId] of news) {
      const loaded = ruleOf(ruleId);
      if (loaded === null) continue;
      const known = this.#groups.get(groupId) ?? emptyGroup(loaded, groupId, 0);
      this.#groups.set(groupId, { ...known, reported: false });
    }
  }

  #update(id: string, given: Partial<AlarmUpdate> & Pick<AlarmUpdate, 'state'>): void {
    const fired = this.#fired.get(id);
    if (fired !== undefined) {
      const { latestValue = fired.latestValue, recoveredAt = fired.recoveredAt } = given;
      if (fired.recoveredAt !== null) return;
      const isQuiet = given.state === 'FIRING' && fired.state === 'SILENCED';
      const state = isQuiet ? fired.state : given.state;
      const notices = given.notices ?? fired.notices;
      this.#fired.set(id, { ...fired, state, latestValue, recoveredAt, notices });
      return;
    }
    const known = this.#updates.get(id);
    if (known?.recoveredAt != null) return;
    this.#updates.set(id, {
      id,
      state: given.state,
      latestValue: given.latestValue ?? null,
      recoveredAt: given.recoveredAt ?? null,
      notices: given.notices ?? known?.notices ?? null,
      isReported: given.isReported === true || known?.isReported === true,
    });
  }
}

function rowOf(
  { loaded: { id: ruleId, rule }, change }: RuleChange,
  {
    isSilenced,
    event,
    groupId,
  }: {
    readonly isSilenced: boolean;
    readonly event: Event | null;
    readonly groupId: string | null;
  },
): AlarmRow {
  const { value, threshold, labels, evidence, startedAt, notices, details } = change;
  const name = entityName(labels, rule.name);
  return {
    id: change.alarmId,
    ruleId,
    ruleName: rule.name,
    namespace: rule.namespace,
    entity: namedLabels(labels, rule.entity),
    severity: rule.severity,
    tags: [
      ...expandTags(rule.tags),
      ...(isSilenced ? ['silenced'] : []),
      ...(groupId === null ? [] : ['grouped']),
    ],
    message: rule.message.render({ name, labels, rule: rule.name, value, threshold }, event),
    state: isSilenced ? 'SILENCED' : 'FIRING',
    startedAt,
    recoveredAt: null,
    value,
    latestValue: change.latestValue,
    threshold,
    notices,
    evidence,
    groupId,
    details,
  };
}

const emptyGroup = (
  { id: ruleId, rule }: LoadedRule,
  id: string,
  startedAt: Instant,
): GroupRow & { readonly reported: boolean } => ({
  id,
  ruleId,
  ruleName: rule.name,
  namespace: rule.namespace,
  severity: rule.severity,
  tags: expandTags(rule.tags),
  sample: [],
  members: 0,
  firing: 0,
  startedAt,
  endedAt: null,
  reported: true,
});
