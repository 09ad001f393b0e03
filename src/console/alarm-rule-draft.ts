import type {
  AlarmConditionInput,
  AlarmFigure,
  AlarmRuleInput,
  ComparisonOperator,
  Severity,
} from '../client/schema.generated.ts';
import { filterText, readFilterText } from './filter.ts';
import { parseGroups, parseMeasure, printGroups, printMeasure } from './grouping.ts';

export type ConditionKind = 'threshold' | 'notEndedWithin' | 'absentFor' | 'expression';

/** A rule as it is typed. */
export interface RuleDraft {
  readonly name: string;
  readonly namespace: string;
  readonly filter: string;
  /** As parseGroups reads it. */
  readonly entity: string;
  readonly kind: ConditionKind;
  readonly figure: AlarmFigure;
  readonly measure: string;
  readonly op: ComparisonOperator;
  readonly value: string;
  readonly over: string;
  readonly within: string;
  readonly expression: string;
  readonly period: string;
  /** Minutes that the form does not show. */
  readonly silencePeriod: number | null;
  readonly recoveryObservationPeriod: number;
  readonly pendingFor: string;
  readonly recoverAfter: string;
  readonly silenceFor: string;
  readonly severity: Severity;
  readonly message: string;
  readonly tags: string;
  readonly description: string;
  readonly enabled: boolean;
}

export const newRule: RuleDraft = {
  name: '',
  namespace: 'default',
  filter: 'severity:error',
  entity: '',
  kind: 'threshold',
  figure: 'COUNT',
  measure: '',
  op: 'GT',
  value: '5',
  over: '10m',
  within: '15m',
  expression: '',
  period: '1',
  silencePeriod: null,
  recoveryObservationPeriod: 0,
  pendingFor: '',
  recoverAfter: '',
  silenceFor: '',
  severity: 'ERROR',
  message: '',
  tags: '',
  description: '',
  enabled: true,
};

/** @throws FilterTextError, GroupingError with a sentence for whoever types */
export function ruleInputOf(draft: RuleDraft): AlarmRuleInput {
  const { name, namespace, entity, severity, enabled, message } = draft;
  const tags = draft.tags.split(',').flatMap((tag) => tag.trim() || []);
  return {
    name: name.trim(),
    namespace: namespace.trim() || 'default',
    filter: readFilterText(draft.filter),
    entity: parseGroups(entity),
    condition: conditionOf(draft),
    ...given('pendingFor', draft.pendingFor),
    ...given('recoverAfter', draft.recoverAfter),
    ...given('silenceFor', draft.silenceFor),
    severity,
    ...given('message', message),
    ...given('description', draft.description),
    ...(tags.length > 0 && { tags }),
    enabled,
  };
}

const given = (name: string, text: string): Record<string, string> =>
  text.trim() === '' ? {} : { [name]: text.trim() };

function conditionOf(draft: RuleDraft): AlarmConditionInput {
  const { kind, figure, op, over, within } = draft;
  switch (kind) {
    case 'threshold': {
      const measure = parseMeasure(draft.measure);
      const value = Number(draft.value);
      return { threshold: { figure, ...(measure && { measure }), op, value, over } };
    }
    case 'notEndedWithin':
      return { notEndedWithin: within };
    case 'absentFor':
      return { absentFor: within };
    case 'expression': {
      const { silencePeriod, recoveryObservationPeriod } = draft;
      const period = Number(draft.period);
      const minutes = { period, silencePeriod, recoveryObservationPeriod };
      return { expression: { expression: draft.expression, ...minutes } };
    }
  }
}

/** A rule of the gateway, to be changed. @param definition in the form of AlarmRuleInput */
export function draftOfRule(definition: Partial<AlarmRuleInput>): RuleDraft {
  const { name = '', namespace, filter, entity, condition, enabled, severity } = definition;
  return {
    ...newRule,
    name,
    namespace: namespace ?? 'default',
    filter: filter == null ? '' : filterText(filter),
    entity: printGroups(entity ?? []),
    ...(condition && draftOfCondition(condition)),
    pendingFor: definition.pendingFor ?? '',
    recoverAfter: definition.recoverAfter ?? '',
    silenceFor: definition.silenceFor ?? '',
    severity: severity ?? 'ERROR',
    message: definition.message ?? '',
    tags: (definition.tags ?? []).join(', '),
    description: definition.description ?? '',
    enabled: enabled ?? true,
  };
}

function draftOfCondition(condition: AlarmConditionInput): Partial<RuleDraft> {
  const { threshold, notEndedWithin, absentFor, expression } = condition;
  if (notEndedWithin != null) return { kind: 'notEndedWithin', within: notEndedWithin };
  if (absentFor != null) return { kind: 'absentFor', within: absentFor };
  if (expression != null) {
    const { expression: text, period, silencePeriod, recoveryObservationPeriod } = expression;
    return {
      kind: 'expression',
      expression: text,
      period: String(period ?? 1),
      silencePeriod: silencePeriod ?? null,
      recoveryObservationPeriod: recoveryObservationPeriod ?? 0,
    };
  }
  if (threshold == null) return {};
  const { figure, measure, op, value, over } = threshold;
  return {
    kind: 'threshold',
    figure: figure ?? 'COUNT',
    measure: printMeasure(measure),
    op,
    value: String(value),
    over,
  };
}

const signs: Readonly<Record<ComparisonOperator, string>> = {
  EQ: '=',
  NE: '≠',
  LT: '<',
  LTE: '≤',
  GT: '>',
  GTE: '≥',
};

export const operators = Object.entries(signs) as readonly (readonly [
  ComparisonOperator,
  string,
])[];

/** `count > 5 in 10m`: a condition in one line. */
export function conditionLine({
  kind,
  figure,
  measure,
  op,
  value,
  over,
  within,
  expression,
}: RuleDraft): string {
  switch (kind) {
    case 'threshold': {
      const of = measure === '' ? '' : ` of ${measure}`;
      return `${figure.toLowerCase()}${of} ${signs[op]} ${value} in ${over}`;
    }
    case 'notEndedWithin':
      return `not ended within ${within}`;
    case 'absentFor':
      return `none for ${within}`;
    case 'expression':
      return expression;
  }
}
