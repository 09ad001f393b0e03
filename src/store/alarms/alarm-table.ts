import type { Instant, Json, Severity } from '../../event/event.ts';
import type { Filter, TimeSpan } from '../../event/filter.ts';
import { formatInstant } from '../../event/instant.ts';
import type { Row } from '../database/connection.ts';
import type { Database } from '../database/database.ts';
import { Parameters, whereOf } from '../read/where.ts';

export const alarmStates = ['FIRING', 'SILENCED', 'OBSERVING_RECOVERY', 'RECOVERED'] as const;
type AlarmState = (typeof alarmStates)[number];

export interface NamedLabel {
  readonly name: string;
  readonly value: string | null;
}

/** An alarm: the parts of it that its event does not have, and what its event is made of. */
export interface AlarmRow {
  /** The id of its event. */
  readonly id: string;
  readonly ruleId: string;
  readonly ruleName: string;
  readonly namespace: string;
  readonly entity: readonly NamedLabel[];
  readonly severity: Severity;
  readonly tags: readonly string[];
  readonly message: string;
  readonly state: AlarmState;
  readonly startedAt: Instant;
  readonly recoveredAt: Instant | null;
  readonly value: number | null;
  readonly latestValue: number | null;
  readonly threshold: number | null;
  /** How often it was notified while it went on. */
  readonly notices: number;
  /** Ids of events, the latest first. */
  readonly evidence: readonly string[];
  /** The notice that speaks for it and others. */
  readonly groupId: string | null;
  /** Further members of the value of its event; null without any. */
  readonly details: Readonly<Record<string, Json>> | null;
}

/** An alarm as somebody sees it. */
export interface SeenAlarm extends AlarmRow {
  readonly acknowledgedAt: Instant | null;
  readonly acknowledgedBy: string | null;
  readonly comment: string | null;
  readonly revision: number;
  readonly updatedAt: Instant;
}

/** A notice that speaks for many alarms. */
export interface GroupRow {
  /** The id of its event. */
  readonly id: string;
  readonly ruleId: string;
  readonly ruleName: string;
  readonly namespace: string;
  readonly severity: Severity;
  readonly tags: readonly string[];
  /** Names of some of the entities. */
  readonly sample: readonly string[];
  readonly members: number;
  readonly firing: number;
  readonly startedAt: Instant;
  readonly endedAt: Instant | null;
}

export interface StoredState {
  readonly ruleId: string;
  readonly entity: string;
  /** Null for one that is as normal. */
  readonly state: unknown;
}

/** A change of an alarm that has fired before. */
export interface AlarmUpdate {
  readonly id: string;
  readonly state: AlarmState;
  readonly latestValue: number | null;
  readonly recoveredAt: Instant | null;
  readonly notices: number | null;
  /** Whether its event changes with it. */
  readonly isReported: boolean;
}

export interface AlarmCommit {
  readonly consumer: string;
  readonly epoch: number;
  /** Everything up to here has been evaluated, as of this moment. */
  readonly index: number;
  readonly clock: Instant;
  readonly states: readonly StoredState[];
  readonly fired: readonly AlarmRow[];
  readonly updates: readonly AlarmUpdate[];
  /** Members and those that fire are added to what is there; one that is not reported is notified. */
  readonly groups: readonly (GroupRow & { readonly reported: boolean })[];
}

export interface AlarmSearch {
  readonly rules: readonly string[] | null;
  readonly namespaces: readonly string[] | null;
  readonly states: readonly AlarmState[] | null;
  readonly acknowledged: boolean | null;
  readonly severities: readonly Severity[] | null;
  readonly tags: readonly string[] | null;
  /** Some label of the entity. */
  readonly label: string | null;
  readonly time: TimeSpan | null;
  /** Only alarms whose events match. */
  readonly events: Filter;
}

/** A place in the list of alarms. */
export interface AlarmPosition {
  readonly startedAt: Instant;
  readonly id: string;
}

const micros = (column: string) => `(extract(epoch FROM ${column}) * 1000000)::bigint`;
const columns = `id, rule_id, rule_name, namespace, entity, severity, to_json(tags), message, state,
  ${micros('started_at')}, ${micros('recovered_at')}, value, latest_value, threshold, notices, to_json(evidence),
  group_id, ${micros('acknowledged_at')}, acknowledged_by, comment, revision, ${micros('updated_at')}, details`;
const groupColumns = `id, rule_id, rule_name, namespace, severity, to_json(tags), to_json(sample), members, firing,
  ${micros('started_at')}, ${micros('ended_at')}`;

/** Nothing of it happens unless the consumer is still the one that evaluates. */
const commit = `WITH mine AS (
    SELECT FROM consumers WHERE name = $1 AND epoch = $2::bigint FOR UPDATE
  ), moved AS (
    INSERT INTO alarm_progress (single, index, clock) SELECT true, $3::bigint, $4::bigint FROM mine
    ON CONFLICT (single) DO UPDATE SET index = excluded.index, clock = excluded.clock
  ), gone AS (
    DELETE FROM alarm_states USING jsonb_to_recordset($5::jsonb) AS given(rule_id uuid, entity text, state jsonb)
    WHERE EXISTS (SELECT FROM mine) AND given.state IS NULL
      AND alarm_states.rule_id = given.rule_id AND alarm_states.entity = given.entity
  ), kept AS (
    INSERT INTO alarm_states (rule_id, entity, state)
    SELECT rule_id, entity, state FROM jsonb_to_recordset($5::jsonb) AS given(rule_id uuid, entity text, state jsonb)
    WHERE EXISTS (SELECT FROM mine) AND state IS NOT NULL
    ON CONFLICT (rule_id, entity) DO UPDATE SET state = excluded.state
  ), fired AS (
    INSERT INTO alarms (id, rule_id, rule_name, namespace, entity, labels, severity, tags, message, state, started_at,
      recovered_at, value, latest_value, threshold, notices, evidence, group_id, details)
    SELECT id, rule_id, rule_name, namespace, entity,
      ARRAY(SELECT label ->> 'value' FROM jsonb_array_elements(entity) AS label WHERE label ->> 'value' IS NOT NULL),
      severity, ARRAY(SELECT jsonb_array_elements_text(tags)), message, state, started_at, recovered_at, value,
      latest_value, threshold, notices, ARRAY(SELECT jsonb_array_elements_text(evidence)), group_id, details
    FROM jsonb_to_recordset($6::jsonb) AS given(id uuid, rule_id uuid, rule_name text, namespace text, entity jsonb,
      severity text, tags jsonb, message text, state text, started_at timestamptz, recovered_at timestamptz,
      value float8, latest_value float8, threshold float8, notices int, evidence jsonb, group_id uuid, details jsonb)
    WHERE EXISTS (SELECT FROM mine)
    ON CONFLICT (id) DO NOTHING
  ), updated AS (
    UPDATE alarms SET
      state = CASE WHEN given.state = 'FIRING' AND 'silenced' = ANY(alarms.tags) THEN 'SILENCED' ELSE given.state END,
      latest_value = given.latest_value, recovered_at = given.recovered_at,
      notices = coalesce(given.notices, alarms.notices), reported = alarms.reported AND NOT given.is_reported,
      revision = alarms.revision + 1, updated_at = clock_timestamp()
    FROM jsonb_to_recordset($7::jsonb) AS given(id uuid, state text, latest_value float8, recovered_at timestamptz,
      notices int, is_reported boolean)
    WHERE alarms.id = given.id AND EXISTS (SELECT FROM mine)
  ), grouped AS (
    INSERT INTO alarm_groups (id, rule_id, rule_name, namespace, severity, tags, sample, members, firing, started_at,
      ended_at, reported)
    SELECT id, rule_id, rule_name, namespace, severity, ARRAY(SELECT jsonb_array_elements_text(tags)),
      ARRAY(SELECT jsonb_array_elements_text(sample)), members, firing, started_at, ended_at, reported
    FROM jsonb_to_recordset($8::jsonb) AS given(id uuid, rule_id uuid, rule_name text, namespace text, severity text,
      tags jsonb, sample jsonb, members int, firing int, started_at timestamptz, ended_at timestamptz, reported boolean)
    WHERE EXISTS (SELECT FROM mine)
    ON CONFLICT (id) DO UPDATE SET members = alarm_groups.members + excluded.members,
      firing = alarm_groups.firing + excluded.firing,
      ended_at = CASE WHEN alarm_groups.firing + excluded.firing <= 0 THEN excluded.ended_at END,
      reported = alarm_groups.reported AND excluded.reported AND alarm_groups.firing + excluded.firing > 0
  )
  SELECT EXISTS (SELECT FROM mine)`;

/** Alarms, and the states of the evaluator. Every method rejects with Unavailable when the database is down. */
export class AlarmTable {
  readonly #database: Pick<Database, 'read' | 'lookUp' | 'write'>;

  constructor(database: Pick<Database, 'read' | 'lookUp' | 'write'>) {
    this.#database = database;
  }

  /** The index and the moment that the states are as of; null before the first commit. */
  async progress(): Promise<{ readonly index: number; readonly clock: Instant } | null> {
    const [row] = await this.#database.lookUp('SELECT index, clock FROM alarm_progress');
    return row === undefined ? null : { index: Number(row[0]), clock: Number(row[1]) };
  }

  /** Whether something is left to be evaluated or reported where there are no rules. */
  async hasUnfinished(): Promise<boolean> {
    const [row] = await this.#database.lookUp(
      `SELECT EXISTS (SELECT FROM alarm_states) OR EXISTS (SELECT FROM alarms WHERE NOT reported)
         OR EXISTS (SELECT FROM alarm_groups WHERE NOT reported)`,
    );
    return row?.[0] === 't';
  }

  async states(): Promise<readonly StoredState[]> {
    const rows = await this.#database.lookUp('SELECT rule_id, entity, state FROM alarm_states');
    return rows.map(([ruleId, entity, state]) => ({
      ruleId: String(ruleId),
      entity: String(entity),
      state: JSON.parse(String(state)),
    }));
  }

  /** Writes what has changed in one statement. @returns whether this gateway still evaluates; else nothing is written */
  async commit(change: AlarmCommit): Promise<boolean> {
    const moment = (instant: Instant | null) => (instant === null ? null : formatInstant(instant));
    const [row] = await this.#database.write(commit, [
      change.consumer,
      change.epoch,
      change.index,
      change.clock,
      JSON.stringify(
        change.states.map(({ ruleId, entity, state }) => ({ rule_id: ruleId, entity, state })),
      ),
      JSON.stringify(
        change.fired.map((alarm) => ({
          ...alarm,
          rule_id: alarm.ruleId,
          rule_name: alarm.ruleName,
          started_at: moment(alarm.startedAt),
          recovered_at: moment(alarm.recoveredAt),
          latest_value: alarm.latestValue,
          group_id: alarm.groupId,
        })),
      ),
      JSON.stringify(
        change.updates.map((update) => ({
          ...update,
          latest_value: update.latestValue,
          recovered_at: moment(update.recoveredAt),
          is_reported: update.isReported,
        })),
      ),
      JSON.stringify(
        change.groups.map((group) => ({
          ...group,
          rule_id: group.ruleId,
          rule_name: group.ruleName,
          started_at: moment(group.startedAt),
          ended_at: moment(group.endedAt),
        })),
      ),
    ]);
    return row?.[0] === 't';
  }

  /** Alarms whose events do not say yet what their rows say. */
  async unreported(limit: number): Promise<readonly SeenAlarm[]> {
    const rows = await this.#database.lookUp(
      `SELECT ${columns} FROM alarms WHERE NOT reported ORDER BY id LIMIT $1::int`,
      [limit],
    );
    return rows.map(alarmOf);
  }

  async unreportedGroups(limit: number): Promise<readonly GroupRow[]> {
    const rows = await this.#database.lookUp(
      `SELECT ${groupColumns} FROM alarm_groups WHERE NOT reported ORDER BY id LIMIT $1::int`,
      [limit],
    );
    return rows.map(groupOf);
  }

  /** Their events were reported, as they were at these revisions. */
  async reported(alarms: readonly Pick<SeenAlarm, 'id' | 'revision'>[]): Promise<void> {
    await this.#database.write(
      `UPDATE alarms SET reported = true FROM unnest($1::uuid[], $2::int[]) AS given (id, revision)
       WHERE alarms.id = given.id AND alarms.revision = given.revision`,
      [alarms.map(({ id }) => id), alarms.map(({ revision }) => String(revision))],
    );
  }

  async groupsReported(groups: readonly Pick<GroupRow, 'id' | 'endedAt'>[]): Promise<void> {
    await this.#database.write(
      `UPDATE alarm_groups SET reported = true FROM unnest($1::uuid[], $2::boolean[]) AS given (id, ended)
       WHERE alarm_groups.id = given.id AND (given.ended OR alarm_groups.ended_at IS NULL)`,
      [groups.map(({ id }) => id), groups.map(({ endedAt }) => String(endedAt !== null))],
    );
  }

  /** Has the notices of groups that go on reported again: one that is as it was reported changes nothing. */
  async reportGroupsAgain(): Promise<void> {
    await this.#database.write(
      'UPDATE alarm_groups SET reported = false WHERE ended_at IS NULL',
      [],
    );
  }

  /** The groups of alarms that are firing, by the ids of the alarms. */
  async groupsOfFiring(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#database.lookUp(
      'SELECT id, group_id FROM alarms WHERE recovered_at IS NULL AND group_id IS NOT NULL',
    );
    return new Map(rows.map(([id, groupId]) => [String(id), String(groupId)]));
  }

  async find(id: string): Promise<SeenAlarm | null> {
    const [row] = await this.#database.lookUp(`SELECT ${columns} FROM alarms WHERE id = $1`, [id]);
    return row === undefined ? null : alarmOf(row);
  }

  /** The newest first; one more than the limit where there are more. */
  async page(
    search: AlarmSearch,
    { after, limit }: { readonly after: AlarmPosition | null; readonly limit: number },
  ): Promise<readonly SeenAlarm[]> {
    const to = new Parameters();
    const conditions = conditionsOf(search, to);
    if (after !== null) {
      const position = `(${to.instant(after.startedAt)}, ${to.add(after.id, 'uuid')})`;
      conditions.push(`(alarms.started_at, alarms.id) < ${position}`);
    }
    const rows = await this.#database.read(
      `SELECT ${columns} FROM alarms WHERE ${conditions.join(' AND ')}
       ORDER BY started_at DESC, id DESC LIMIT ${to.add(limit + 1, 'int')}`,
      to.values,
    );
    return rows.map(alarmOf);
  }

  async count(search: AlarmSearch): Promise<number> {
    const to = new Parameters();
    const [row] = await this.#database.read(
      `SELECT count(*) FROM alarms WHERE ${conditionsOf(search, to).join(' AND ')}`,
      to.values,
    );
    return Number(row?.[0]);
  }

  /** Alarms that have changed at a moment or later, in the order of their changes. */
  async changedSince(at: Instant, limit: number): Promise<readonly SeenAlarm[]> {
    const rows = await this.#database.lookUp(
      `SELECT ${columns} FROM alarms WHERE updated_at >= $1::timestamptz ORDER BY updated_at, id LIMIT $2::int`,
      [formatInstant(at), limit],
    );
    return rows.map(alarmOf);
  }

  /** The database's own time. */
  async clock(): Promise<Instant> {
    const [row] = await this.#database.lookUp(`SELECT ${micros('clock_timestamp()')}`);
    return Number(row?.[0]);
  }

  async acknowledge(
    id: string,
    by: { readonly name: string; readonly comment: string | null },
  ): Promise<SeenAlarm | null> {
    const [row] = await this.#database.write(
      `UPDATE alarms SET acknowledged_at = clock_timestamp(), acknowledged_by = $2, comment = $3,
         revision = revision + 1, updated_at = clock_timestamp()
       WHERE id = $1 RETURNING ${columns}`,
      [id, by.name, by.comment],
    );
    return row === undefined ? null : alarmOf(row);
  }

  /** How many alarms of each rule are firing, and when the latest fired, of those whose events match. */
  async summaries(
    ruleIds: readonly string[],
    events: Filter,
  ): Promise<
    ReadonlyMap<string, { readonly firing: number; readonly lastFiredAt: Instant | null }>
  > {
    const to = new Parameters();
    const ofRules = `alarms.rule_id = ANY(${to.add(ruleIds, 'uuid[]')})`;
    const isAll = Object.keys(events).length === 0;
    const rows = await this.#database.read(
      `SELECT rule_id, count(*) FILTER (WHERE recovered_at IS NULL), ${micros('max(started_at)')}
       FROM alarms WHERE ${isAll ? ofRules : `${ofRules} AND ${whoseEvent(events, to)}`} GROUP BY rule_id`,
      to.values,
    );
    return new Map(
      rows.map(([id, firing, lastFiredAt]) => [
        String(id),
        { firing: Number(firing), lastFiredAt: lastFiredAt == null ? null : Number(lastFiredAt) },
      ]),
    );
  }

  async firingCount(): Promise<number> {
    const [row] = await this.#database.lookUp(
      'SELECT count(*) FROM alarms WHERE recovered_at IS NULL',
    );
    return Number(row?.[0]);
  }

  /**
   * Follows retention: deletes alarms that ended before a moment and whose events are gone, and has those reported again
   * that began before it and go on: without its event nobody sees an alarm.
   */
  async prune(before: Instant): Promise<void> {
    const isGone = (table: string) =>
      `reported AND NOT EXISTS (SELECT FROM events WHERE events.id = ${table}.id)`;
    await this.#database.write(
      `WITH old_groups AS (DELETE FROM alarm_groups WHERE ended_at < $1::timestamptz AND ${isGone('alarm_groups')}),
         lasting_groups AS (UPDATE alarm_groups SET reported = false
           WHERE ended_at IS NULL AND started_at < $1::timestamptz AND ${isGone('alarm_groups')}),
         lasting AS (UPDATE alarms SET reported = false
           WHERE recovered_at IS NULL AND started_at < $1::timestamptz AND ${isGone('alarms')})
       DELETE FROM alarms WHERE recovered_at < $1::timestamptz AND ${isGone('alarms')}`,
      [formatInstant(before)],
    );
  }
}

const whoseEvent = (events: Filter, to: Parameters): string =>
  `EXISTS (SELECT FROM events WHERE events.id = alarms.id AND (${whereOf(events, to)}))`;

function conditionsOf(search: AlarmSearch, to: Parameters): string[] {
  const oneOf = (column: string, values: readonly string[] | null): string[] =>
    values === null ? [] : [`alarms.${column} = ANY(${to.add(values, 'text[]')})`];
  const { acknowledged, tags, label, time, events } = search;
  return [
    ...oneOf('rule_name', search.rules),
    ...oneOf('namespace', search.namespaces),
    ...oneOf('state', search.states),
    ...oneOf('severity', search.severities),
    ...(acknowledged === null
      ? []
      : [`alarms.acknowledged_at IS ${acknowledged ? 'NOT NULL' : 'NULL'}`]),
    ...(tags === null ? [] : [`alarms.tags @> ${to.add(tags, 'text[]')}`]),
    ...(label === null ? [] : [`${to.add(label, 'text')} = ANY(alarms.labels)`]),
    ...(time?.from == null ? [] : [`alarms.started_at >= ${to.instant(time.from)}`]),
    ...(time?.to == null ? [] : [`alarms.started_at <= ${to.instant(time.to)}`]),
    whoseEvent(events, to),
  ];
}

const optional = (cell: string | null | undefined): number | null =>
  cell == null ? null : Number(cell);

const alarmOf = (row: Row): SeenAlarm => {
  const [id, ruleId, ruleName, namespace, entity, severity, tags, message, state] = row;
  const [startedAt, recoveredAt, value, latestValue, threshold, notices] = row.slice(9);
  const [evidence, groupId, acknowledgedAt, acknowledgedBy, comment, revision, updatedAt, details] =
    row.slice(15);
  return {
    id: String(id),
    ruleId: String(ruleId),
    ruleName: String(ruleName),
    namespace: String(namespace),
    entity: JSON.parse(String(entity)),
    severity: severity as Severity,
    tags: JSON.parse(String(tags)),
    message: String(message),
    state: state as AlarmState,
    startedAt: Number(startedAt),
    recoveredAt: optional(recoveredAt),
    value: optional(value),
    latestValue: optional(latestValue),
    threshold: optional(threshold),
    notices: Number(notices),
    evidence: JSON.parse(String(evidence)),
    groupId: groupId ?? null,
    acknowledgedAt: optional(acknowledgedAt),
    acknowledgedBy: acknowledgedBy ?? null,
    comment: comment ?? null,
    revision: Number(revision),
    updatedAt: Number(updatedAt),
    details: details == null ? null : JSON.parse(details),
  };
};

const groupOf = (row: Row): GroupRow => {
  const [id, ruleId, ruleName, namespace, severity, tags, sample, members, firing] = row;
  const [startedAt, endedAt] = row.slice(9);
  return {
    id: String(id),
    ruleId: String(ruleId),
    ruleName: String(ruleName),
    namespace: String(namespace),
    severity: severity as Severity,
    tags: JSON.parse(String(tags)),
    sample: JSON.parse(String(sample)),
    members: Number(members),
    firing: Number(firing),
    startedAt: Number(startedAt),
    endedAt: optional(endedAt),
  };
};
