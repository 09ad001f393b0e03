import type { RuleSummary } from '../alarms/alarms.ts';
import { givenDefinition } from '../alarms/declared-rules.ts';
import type { RuleTest, TestedAlarm } from '../alarms/rule-test.ts';
import { InputError } from '../event/input-error.ts';
import { parseTimeRange } from '../event/time-expression.ts';
import type { RuleRow } from '../store/alarms/rule-table.ts';
import { GroupLabelRef } from './aggregate.ts';
import { AlarmRuleInputRef } from './alarm-rule-input.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { TimeRangeRef } from './filter.ts';
import { namesOf } from './limits.ts';
import { SinkOriginEnum } from './sink.ts';

const idDescription = 'The UUID of a rule.';
const none: RuleSummary = { firing: 0, lastFiredAt: null };

const summaryOf = async (
  { id }: RuleRow,
  { alarms, session: { scope } }: Pick<GraphContext, 'alarms' | 'session'>,
): Promise<RuleSummary> => (await alarms.summaries.of(id, scope)) ?? none;

export const AlarmRuleRef = builder.objectRef<RuleRow>('AlarmRule').implement({
  description: 'A rule by which events make alarms.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A UUID.' }),
    name: t.exposeString('name', { description: 'Unique in its namespace.' }),
    namespace: t.exposeString('namespace', { description: 'Where it belongs.' }),
    description: t.string({
      nullable: true,
      description: 'For people.',
      resolve: ({ definition }) =>
        (definition as { readonly description?: string | null }).description ?? null,
    }),
    origin: t.expose('origin', { type: SinkOriginEnum, description: 'Who declared it.' }),
    definition: t.field({
      type: 'JSON',
      description: 'As it was given, in the form of AlarmRuleInput.',
      resolve: ({ definition }) => givenDefinition(definition),
    }),
    enabled: t.exposeBoolean('enabled', { description: 'Whether it is evaluated.' }),
    firingCount: t.int({
      description: 'Entities whose alarm is firing now, of the alarms that the caller may read.',
      resolve: async (row, _args, context) => (await summaryOf(row, context)).firing,
    }),
    lastFiredAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When the latest of them fired, those that are over included; null where none has.',
      resolve: async (row, _args, context) => (await summaryOf(row, context)).lastFiredAt,
    }),
    problem: t.exposeString('problem', {
      nullable: true,
      description: 'Why it cannot be evaluated, or not all of it; null where it is.',
    }),
    version: t.exposeInt('version', { description: 'Grows with every change of what was given.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was changed.' }),
  }),
});

const TestedAlarmRef = builder.objectRef<TestedAlarm>('TestedAlarm').implement({
  description: 'An alarm that a rule would have made.',
  fields: (t) => ({
    entity: t.field({
      type: [GroupLabelRef],
      description: "The entity's labels, in the order of the rule.",
      resolve: ({ entity }) => [...entity],
    }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      description: 'When it would have fired.',
    }),
    recoveredAt: t.expose('recoveredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it would have recovered; null where it would not within the time.',
    }),
    value: t.exposeFloat('value', { nullable: true, description: 'The number that it is about.' }),
    message: t.exposeString('message', { description: 'The message that it would have had.' }),
  }),
});

const AlarmTestRef = builder.objectRef<RuleTest>('AlarmTest').implement({
  description: 'The answer to testAlarmRule.',
  fields: (t) => ({
    alarms: t.field({
      type: [TestedAlarmRef],
      description: 'The alarms that would have fired, in the order in which they would.',
      resolve: ({ alarms }) => alarms,
    }),
    truncated: t.exposeBoolean('truncated', {
      description: 'Whether there were more alarms than are shown (1,000).',
    }),
    evaluatedEvents: t.expose('evaluatedEvents', {
      type: 'SafeInt',
      description: 'Beginnings and ends of events that were evaluated.',
    }),
  }),
});

builder.queryFields((t) => ({
  alarmRules: t.field({
    type: [AlarmRuleRef],
    description: 'Rules that the caller may see, by name.',
    args: { namespaces: t.arg.stringList({ description: 'In one of these namespaces.' }) },
    resolve: (_root, { namespaces }, { alarms, session }) =>
      alarms.management.rules(session, namesOf(namespaces, 'names')),
  }),
  alarmRule: t.field({
    type: AlarmRuleRef,
    nullable: true,
    description: 'One rule by its id; null when there is none that the caller may see.',
    args: { id: t.arg.id({ required: true, description: idDescription }) },
    resolve: (_root, { id }, { alarms, session }) => alarms.management.rule(session, id),
  }),
}));

builder.mutationFields((t) => ({
  createAlarmRule: t.field({
    type: AlarmRuleRef,
    description:
      'Creates a rule; it begins with the events of its window that are stored, not empty.',
    args: { input: t.arg({ type: AlarmRuleInputRef, required: true, description: 'The rule.' }) },
    resolve: (_root, { input }, { alarms, session }) =>
      alarms.management.createRule(session, input),
  }),
  updateAlarmRule: t.field({
    type: AlarmRuleRef,
    description:
      'A changed rule starts with what the store knows of its window, not empty. Rejected with CONFLICT when version is given and is not the rule’s.',
    args: {
      id: t.arg.id({ required: true, description: idDescription }),
      input: t.arg({ type: AlarmRuleInputRef, required: true, description: 'All of it.' }),
      version: t.arg.int({ description: 'The version that the caller has seen.' }),
    },
    resolve: (_root, { id, input, version }, { alarms, session }) =>
      alarms.management.updateRule(session, id, { input, version: version ?? null }),
  }),
  deleteAlarmRule: t.field({
    type: 'ID',
    description: 'Deletes a rule and answers its id; its alarms that are firing end.',
    args: { id: t.arg.id({ required: true, description: idDescription }) },
    resolve: (_root, { id }, { alarms, session }) => alarms.management.deleteRule(session, id),
  }),
  testAlarmRule: t.field({
    type: AlarmTestRef,
    description:
      'When the rule would have fired and recovered over a part of the past. Nothing is recorded.',
    args: {
      input: t.arg({ type: AlarmRuleInputRef, required: true, description: 'The rule.' }),
      time: t.arg({
        type: TimeRangeRef,
        required: true,
        description: 'The part of the past: both ends, or the beginning alone for until now.',
      }),
    },
    resolve: (_root, { input, time }, { alarms, session, store, now }) => {
      const rule = alarms.management.parse(session, input);
      const { from, to } = parseTimeRange(time, now, ['time']);
      if (from === null) throw new InputError(['time'], 'Give the beginning, as gte or gt.');
      return alarms.test(rule, { store, from, to: Math.min(to ?? now, now) });
    },
  }),
}));
