import { type AlarmRuleInput, alarmFigures, comparisonOperators } from '../alarms/rule.ts';
import { GroupByRef } from './aggregate.ts';
import { builder } from './builder.ts';
import { described, SeverityEnum } from './enums.ts';
import { EventFilterRef } from './filter.ts';
import { MeasureRef } from './measure.ts';

const AlarmFigureEnum = builder.enumType('AlarmFigure', {
  description: 'A statistic of the events of a window.',
  values: described(alarmFigures, {
    COUNT: 'How many events; with a measure, how many carry the number.',
    SUM: 'The sum of the measured numbers.',
    AVERAGE: 'Their mean.',
    MIN: 'The least.',
    MAX: 'The greatest.',
  }),
});

const ComparisonOperatorEnum = builder.enumType('ComparisonOperator', {
  description: 'How two numbers are compared.',
  values: described(comparisonOperators, {
    EQ: 'Equal.',
    NE: 'Not equal.',
    LT: 'Less.',
    LTE: 'Less or equal.',
    GT: 'Greater.',
    GTE: 'Greater or equal.',
  }),
});

const ThresholdInputRef = builder.inputType('ThresholdInput', {
  description:
    'A statistic over the last `over` compared with a number: {figure: COUNT, op: GT, value: 5, over: "10m"}. ' +
    'An event counts at its endTime, or at its time while it has not ended.',
  fields: (t) => ({
    figure: t.field({
      type: AlarmFigureEnum,
      required: true,
      defaultValue: 'COUNT',
      description: 'Which statistic. Without a measured number only COUNT has a value.',
    }),
    measure: t.field({
      type: MeasureRef,
      description: 'The number that is measured; the value itself when it is left out.',
    }),
    op: t.field({ type: ComparisonOperatorEnum, required: true, description: 'The comparison.' }),
    value: t.float({ required: true, description: 'The number that it is compared with.' }),
    over: t.field({ type: 'Duration', required: true, description: '1ms to 30d.' }),
  }),
});

const AlarmExpressionInputRef = builder.inputType('AlarmExpressionInput', {
  description: "SkyWalking's alarm expression over one-minute series.",
  fields: (t) => ({
    expression: t.string({
      required: true,
      description: 'An MQE expression whose root compares: sum(Unhealthy > 5) >= 1.',
    }),
    period: t.int({
      required: true,
      defaultValue: 1,
      description: 'Minutes of the window, 1 to 1440.',
    }),
    silencePeriod: t.int({
      description: 'Minutes, as silence-period: as long as the period when it is left out.',
    }),
    recoveryObservationPeriod: t.int({
      required: true,
      defaultValue: 0,
      description: 'Minutes, as recovery-observation-period.',
    }),
  }),
});

const AlarmConditionInputRef = builder.inputType('AlarmConditionInput', {
  description: 'When a rule fires: exactly one of these.',
  isOneOf: true,
  fields: (t) => ({
    threshold: t.field({
      type: ThresholdInputRef,
      description: 'Fires within a second of the event that crosses it.',
    }),
    notEndedWithin: t.field({
      type: 'Duration',
      description: 'An event began, and has not ended within this time.',
    }),
    absentFor: t.field({
      type: 'Duration',
      description: 'Nothing matched for this time: a heartbeat that stopped.',
    }),
    expression: t.field({
      type: AlarmExpressionInputRef,
      description: 'Evaluated once a minute as SkyWalking does.',
    }),
  }),
});

export const AlarmRuleInputRef = builder.inputRef<AlarmRuleInput>('AlarmRuleInput').implement({
  description: 'A rule: which events count, for what, and when they make an alarm.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'Unique in its namespace. Its alarms are events of the type Alarm.<name>.',
    }),
    namespace: t.string({
      required: true,
      defaultValue: 'default',
      description: 'Where the rule and its alarms belong, whatever events count.',
    }),
    description: t.string({ description: 'For people.' }),
    filter: t.field({
      type: EventFilterRef,
      description:
        'Which events count; all without it. Alarms of other rules count only where it names their category.',
    }),
    entity: t.field({
      type: [GroupByRef],
      description:
        'An alarm is about one entity: a state is kept for each combination. One alarm for all events without it.',
    }),
    condition: t.field({
      type: AlarmConditionInputRef,
      required: true,
      description: 'When it fires.',
    }),
    pendingFor: t.field({
      type: 'Duration',
      description: 'The condition must hold for this time before it fires.',
    }),
    silenceFor: t.field({
      type: 'Duration',
      description:
        'After firing, no further notice for this time while it goes on; then it is notified again. Without it only its beginning and its end are.',
    }),
    recoverAfter: t.field({
      type: 'Duration',
      description: 'The condition must be gone for this time before it recovers.',
    }),
    severity: t.field({
      type: SeverityEnum,
      required: true,
      defaultValue: 'ERROR',
      description: 'Of its alarms.',
    }),
    message: t.string({
      description:
        'With {name} (the entity), {rule}, {value}, {threshold} and the names that templates of sinks have, of the latest event that led to it.',
    }),
    tags: t.stringList({ description: 'Of its alarms: label or group:label.' }),
    enabled: t.boolean({
      required: true,
      defaultValue: true,
      description: 'Whether it is evaluated; the alarms of a rule that is not end.',
    }),
  }),
});
