import type { AlarmQuery } from '../alarms/alarms.ts';
import { InputError } from '../event/input-error.ts';
import { parseText } from '../event/text.ts';
import { parseTimeRange } from '../event/time-expression.ts';
import { readUuid } from '../event/uuid.ts';
import { type AlarmPosition, alarmStates, type SeenAlarm } from '../store/alarms/alarm-table.ts';
import type { SilenceRow } from '../store/alarms/silence-table.ts';
import { GroupLabelRef } from './aggregate.ts';
import { AlarmRuleRef } from './alarm-rule.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { described, SeverityEnum } from './enums.ts';
import { EventRef } from './event.ts';
import { EventFilterRef, TimeRangeRef } from './filter.ts';
import { listOf, namesOf } from './limits.ts';
import { lookUpEvent } from './lookups.ts';
import { PageInfoRef } from './page-info.ts';
import { pageSize } from './page-size.ts';
import { DeliveryAttemptRef } from './sink.ts';

const maxPageSize = 1_000;
const maxNotices = 1_000;

const AlarmStateEnum = builder.enumType('AlarmState', {
  description: 'Whether an alarm goes on.',
  values: described(alarmStates, {
    FIRING: 'It goes on.',
    SILENCED: 'It goes on, and nobody is notified: a silence or its silence period covers it.',
    OBSERVING_RECOVERY: 'Its condition is gone, and not yet for long enough.',
    RECOVERED: 'It is over.',
  }),
});

const AlarmRef = builder.objectRef<SeenAlarm>('Alarm').implement({
  description: 'An alarm of a rule for one entity. It is an event of the category Alarm as well.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id of its event.' }),
    event: t.field({
      type: EventRef,
      description: 'Its event, which begins when it fires and ends when it recovers.',
      resolve: async ({ id }, _args, { store }) => {
        const event = await lookUpEvent(store, id);
        if (event !== undefined) return event;
        throw new InputError(['id'], `The event of the alarm ${id} is not stored any more.`);
      },
    }),
    rule: t.field({
      type: AlarmRuleRef,
      nullable: true,
      description: 'Null when the rule is gone.',
      resolve: ({ ruleId }, _args, { alarms, session }) => alarms.management.rule(session, ruleId),
    }),
    ruleName: t.exposeString('ruleName', { description: 'As it was when it fired.' }),
    entity: t.field({
      type: [GroupLabelRef],
      description: "The entity's labels, in the order of the rule.",
      resolve: ({ entity }) => [...entity],
    }),
    state: t.expose('state', { type: AlarmStateEnum, description: 'Whether it goes on.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it fired.' }),
    recoveredAt: t.expose('recoveredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it recovered; null while it goes on.',
    }),
    value: t.exposeFloat('value', {
      nullable: true,
      description: 'The number that made it fire; seconds for notEndedWithin and absentFor.',
    }),
    latestValue: t.exposeFloat('latestValue', {
      nullable: true,
      description: 'The same number now, or as it recovered; at most a second old.',
    }),
    evidence: t.field({
      type: [EventRef],
      description: 'The latest events that led to it, at most 20, latest first.',
      resolve: async ({ evidence }, _args, { store }) => {
        const events = await Promise.all(evidence.map((id) => lookUpEvent(store, id)));
        return events.filter((event) => event !== undefined);
      },
    }),
    acknowledgedAt: t.expose('acknowledgedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When somebody said that they know of it.',
    }),
    acknowledgedBy: t.exposeString('acknowledgedBy', {
      nullable: true,
      description: 'Who did.',
    }),
    comment: t.exposeString('comment', { nullable: true, description: 'What they said.' }),
    notices: t.field({
      type: [DeliveryAttemptRef],
      description:
        'Deliveries of its event by sinks, newest first, as far as the gateway that runs the sink remembers them.',
      args: {
        first: t.arg.int({ required: true, defaultValue: 30, description: 'How many at most.' }),
      },
      resolve: ({ id }, { first }, { alarms, session }) =>
        alarms.notices(session, id, pageSize(first, { argument: 'first', max: maxNotices })),
    }),
  }),
});

const AlarmFilterRef = builder.inputType('AlarmFilter', {
  description:
    'Everything given must hold; lists hold when any of their entries does, except tags.',
  fields: (t) => ({
    rules: t.stringList({ description: 'Names of rules.' }),
    namespaces: t.stringList({ description: 'In one of these namespaces.' }),
    states: t.field({ type: [AlarmStateEnum], description: 'In one of these states.' }),
    acknowledged: t.boolean({ description: 'Whether somebody has acknowledged it.' }),
    severities: t.field({ type: [SeverityEnum], description: 'Of one of these severities.' }),
    tags: t.stringList({ description: 'All of these tags.' }),
    entity: t.string({ description: 'Some label of the entity.' }),
    time: t.field({ type: TimeRangeRef, description: 'When it fired.' }),
  }),
});

function queryOf(
  filter: typeof AlarmFilterRef.$inferInput | null | undefined,
  { now }: GraphContext,
): AlarmQuery {
  const { rules, namespaces, states, acknowledged, severities, tags, entity, time } = filter ?? {};
  return {
    rules: namesOf(rules, 'names'),
    namespaces: namesOf(namespaces, 'names'),
    states: states == null ? null : listOf(states, 'names'),
    acknowledged: acknowledged ?? null,
    severities: severities == null ? null : listOf(severities, 'names'),
    tags: namesOf(tags, 'names'),
    label: entity == null ? null : parseText(entity, ['filter', 'entity']),
    time: time == null ? null : parseTimeRange(time, now, ['filter', 'time']),
  };
}

interface AlarmConnection {
  readonly page: () => Promise<readonly SeenAlarm[]>;
  readonly first: number;
  readonly isAfter: boolean;
  readonly totalCount: () => Promise<number>;
}

const nodesOf = async ({ page, first }: AlarmConnection) => (await page()).slice(0, first);

const AlarmConnectionRef = builder.objectRef<AlarmConnection>('AlarmConnection').implement({
  description: 'A page of alarms, newest first.',
  fields: (t) => ({
    nodes: t.field({ type: [AlarmRef], description: 'The alarms.', resolve: nodesOf }),
    pageInfo: t.field({
      type: PageInfoRef,
      description: 'How to go on from here.',
      resolve: (connection) => ({
        hasNextPage: async () => (await connection.page()).length > connection.first,
        hasPreviousPage: () => connection.isAfter,
        startCursor: async () => cursorOf((await nodesOf(connection))[0]),
        endCursor: async () => cursorOf((await nodesOf(connection)).at(-1)),
      }),
    }),
    totalCount: t.field({
      type: 'SafeInt',
      description: 'How many there are in all; counted only when asked for.',
      resolve: ({ totalCount }) => totalCount(),
    }),
  }),
});

const cursorOf = (alarm: SeenAlarm | undefined): string | null =>
  alarm === undefined
    ? null
    : Buffer.from(`ALARM:${alarm.startedAt}:${alarm.id}`).toString('base64url');

function positionAfter(cursor: string | null | undefined): AlarmPosition | null {
  if (cursor == null) return null;
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  const [, startedAt = '', uuid = ''] = /^ALARM:(-?\d{1,16}):([0-9a-f-]{36})$/.exec(text) ?? [];
  const id = readUuid(uuid);
  if (id !== null) return { startedAt: Number(startedAt), id };
  throw new InputError(['after'], 'Unknown cursor: pass one that a page of alarms returned.');
}

const SilenceRef = builder.objectRef<SilenceRow>('Silence').implement({
  description: 'Until when alarms are recorded without being notified.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A UUID.' }),
    namespace: t.exposeString('namespace', { description: 'Of the rules that it covers.' }),
    rules: t.stringList({
      description: 'Names of rules; it covers all of the namespace where there are none.',
      resolve: ({ rules }) => [...rules],
    }),
    filter: t.field({
      type: 'JSON',
      nullable: true,
      description: 'As it was given; null where it covers alarms about any event.',
      resolve: ({ filter }) => filter,
    }),
    until: t.expose('until', { type: 'DateTime', description: 'When it ends, or has ended.' }),
    comment: t.exposeString('comment', { description: 'Why.' }),
    createdBy: t.exposeString('createdBy', { nullable: true, description: 'Who made it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
});

const SilenceInputRef = builder.inputType('SilenceInput', {
  description: 'A silence. It covers alarms that fire while it lasts.',
  fields: (t) => ({
    namespace: t.string({
      required: true,
      defaultValue: 'default',
      description: 'Of the rules that it covers.',
    }),
    rules: t.stringList({ description: 'Names of rules; all of the namespace without it.' }),
    filter: t.field({
      type: EventFilterRef,
      description: 'Alarms to which an event led that matches; alarms about any event without it.',
    }),
    until: t.field({ type: 'DateTime', required: true, description: 'When it ends.' }),
    comment: t.string({ required: true, description: 'Why.' }),
  }),
});

builder.queryFields((t) => ({
  alarms: t.field({
    type: AlarmConnectionRef,
    description: 'Alarms whose events the caller may read, newest first.',
    args: {
      filter: t.arg({ type: AlarmFilterRef, description: 'Which ones; all without it.' }),
      first: t.arg.int({
        required: true,
        defaultValue: 30,
        description: `How many at most; ${maxPageSize} is the most.`,
      }),
      after: t.arg.string({ description: 'Only those after this cursor.' }),
    },
    resolve: (_root, { filter, first, after }, context) => {
      const limit = pageSize(first, { argument: 'first', max: maxPageSize });
      const position = positionAfter(after);
      const query = queryOf(filter, context);
      const { alarms, session } = context;
      let page: Promise<readonly SeenAlarm[]> | undefined;
      return {
        page: () => {
          page ??= alarms.management.page(session, query, { after: position, limit });
          return page;
        },
        first: limit,
        isAfter: position !== null,
        totalCount: () => alarms.management.count(session, query),
      };
    },
  }),
  silences: t.field({
    type: [SilenceRef],
    description: 'Silences, newest first.',
    args: {
      active: t.arg.boolean({
        description: 'True: those that last; false: those that are over; all without it.',
      }),
    },
    resolve: (_root, { active }, { alarms, session }) =>
      alarms.management.silences(session, active ?? null),
  }),
}));

builder.mutationFields((t) => ({
  acknowledgeAlarm: t.field({
    type: AlarmRef,
    description: 'Says that the caller knows of an alarm.',
    args: {
      id: t.arg.id({ required: true, description: 'The id of the alarm.' }),
      comment: t.arg.string({ description: 'For others.' }),
    },
    resolve: (_root, { id, comment }, { alarms, session, store }) =>
      alarms.management.acknowledge(session, store, { id, comment: comment ?? null }),
  }),
  createSilence: t.field({
    type: SilenceRef,
    description:
      'Alarms about events that match are still recorded, tagged silenced, and not notified.',
    args: {
      input: t.arg({ type: SilenceInputRef, required: true, description: 'The silence.' }),
    },
    resolve: (_root, { input }, { alarms, session }) =>
      alarms.management.createSilence(session, input),
  }),
  endSilence: t.field({
    type: SilenceRef,
    description: 'Ends a silence now.',
    args: { id: t.arg.id({ required: true, description: 'The id of the silence.' }) },
    resolve: (_root, { id }, { alarms, session }) => alarms.management.endSilence(session, id),
  }),
}));

builder.subscriptionField('alarms', (t) =>
  t.field({
    type: AlarmRef,
    description: 'Alarms as they fire, change and recover.',
    args: { filter: t.arg({ type: AlarmFilterRef, description: 'Which ones; all without it.' }) },
    subscribe: (_root, { filter }, context) =>
      context.alarms.management.changes(context.store, queryOf(filter, context)),
    resolve: (alarm) => alarm,
  }),
);
