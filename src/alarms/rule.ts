import { parseDuration } from '../event/duration.ts';
import type { Event, Severity } from '../event/event.ts';
import { everything, type Filter } from '../event/filter.ts';
import { type FilterInput, parseFilter } from '../event/filter-input.ts';
import { InputError, quoted } from '../event/input-error.ts';
import { parseText } from '../event/text.ts';
import { alarmCategory, namesCategory, unnotifiedTags } from '../sinks/loop-guard.ts';
import { type GroupByInput, groupingName, parseGrouping } from '../store/grouping-input.ts';
import { type MeasureInput, parseMeasure } from '../store/measure-input.ts';
import type { Grouping, Measure } from '../store/store.ts';
import { type EntityId, entitiesOf } from './entity.ts';
import { countedBy, whyUnknown } from './expression/event-metrics.ts';
import { alarmExpression } from './expression/expression.ts';
import { ExpressionError } from './expression/expression-error.ts';
import { compileMessage, type MessageTemplate } from './message.ts';
import { type MinuteRule, maxPeriodMinutes, minuteRule } from './minute-rule.ts';

export const alarmFigures = ['COUNT', 'SUM', 'AVERAGE', 'MIN', 'MAX'] as const;
type AlarmFigure = (typeof alarmFigures)[number];

export const comparisonOperators = ['EQ', 'NE', 'LT', 'LTE', 'GT', 'GTE'] as const;
export type ComparisonOperator = (typeof comparisonOperators)[number];

type Given<Value> = Value | null | undefined;

interface ThresholdInput {
  readonly figure: AlarmFigure;
  readonly measure?: Given<MeasureInput>;
  readonly op: ComparisonOperator;
  readonly value: number;
  readonly over: string;
}

interface AlarmExpressionInput {
  readonly expression: string;
  readonly period: number;
  readonly silencePeriod?: Given<number>;
  readonly recoveryObservationPeriod: number;
}

interface AlarmConditionInput {
  readonly threshold?: Given<ThresholdInput>;
  readonly notEndedWithin?: Given<string>;
  readonly absentFor?: Given<string>;
  readonly expression?: Given<AlarmExpressionInput>;
}

/** A rule as a caller describes it: the members of GraphQL's AlarmRuleInput, their types checked. */
export interface AlarmRuleInput {
  readonly name: string;
  readonly namespace: string;
  readonly description?: Given<string>;
  readonly filter?: Given<FilterInput>;
  readonly entity?: Given<readonly GroupByInput[]>;
  readonly condition: AlarmConditionInput;
  readonly pendingFor?: Given<string>;
  readonly silenceFor?: Given<string>;
  readonly recoverAfter?: Given<string>;
  readonly severity: Severity;
  readonly message?: Given<string>;
  readonly tags?: Given<readonly string[]>;
  readonly enabled: boolean;
}

/** A statistic of the events of a sliding window, compared with a number. */
export interface ThresholdCondition {
  readonly kind: 'THRESHOLD';
  readonly figure: AlarmFigure;
  /** Null where events are counted, whatever they carry. */
  readonly measure: Measure | null;
  readonly op: ComparisonOperator;
  readonly value: number;
  readonly overMicros: number;
}

/** An event began, and has not ended within this time. */
export interface NotEndedCondition {
  readonly kind: 'NOT_ENDED';
  readonly withinMicros: number;
}

/** Nothing matched for this time. */
export interface AbsentCondition {
  readonly kind: 'ABSENT';
  readonly forMicros: number;
}

/** A condition over a window that slides with the clock. */
export type SlidingCondition = ThresholdCondition | NotEndedCondition | AbsentCondition;

/** A condition over the counts of whole minutes, which is checked once a minute. */
export interface MinuteCondition {
  readonly kind: 'MINUTES';
  readonly rule: MinuteRule;
}

type AlarmCondition = SlidingCondition | MinuteCondition;

/** A rule that can be evaluated. */
export interface AlarmRule {
  readonly name: string;
  readonly namespace: string;
  readonly description: string | null;
  /** Without the rule's own alarms, and without those of others where it does not name them. */
  readonly filter: Filter;
  /** Says which labels its entities have. */
  readonly entity: readonly Grouping[];
  /** The entities that an event is about. */
  readonly entitiesOf: (event: Event) => readonly EntityId[];
  readonly condition: AlarmCondition;
  readonly pendingForMicros: number;
  /** Null where nobody is reminded of an alarm that goes on. */
  readonly silenceForMicros: number | null;
  readonly recoverAfterMicros: number;
  readonly severity: Severity;
  readonly message: MessageTemplate;
  readonly tags: readonly string[];
  readonly enabled: boolean;
}

export interface RuleOptions {
  readonly maxFilterDepth: number;
  /** The argument that holds the input. */
  readonly path: readonly string[];
}

const maxNameLength = 200;
const maxDescriptionLength = 4_096;
export const maxTags = 32;
export const maxTagLength = 256;
const maxGroupings = 16;
const day = 86_400_000_000;
const maxWindowMicros = 30 * day;
/** Every alarm that goes on is reported this often at most. */
const minSilenceMicros = 10_000_000;
/** Between the two moments, a time that is relative to now differs. */
const moments = [0, 400 * day] as const;

/** @throws InputError with the field at fault */
export function parseRule(input: AlarmRuleInput, { path, maxFilterDepth }: RuleOptions): AlarmRule {
  const at = (field: string) => [...path, field];
  const name = nameOf(input.name, at('name'));
  const namespace = nameOf(input.namespace, at('namespace'));
  const condition = conditionOf(input.condition, at('condition'));
  const entity = entityOf(input.entity, at('entity'));
  if (condition.kind === 'MINUTES') rejectPeriods(input, at);
  const micros = (field: 'pendingFor' | 'silenceFor' | 'recoverAfter') =>
    input[field] == null ? null : lengthOf(input[field], at(field), { atLeast: 0 });
  return {
    name,
    namespace,
    description: descriptionOf(input.description, at('description')),
    filter: ruleFilter(filterOf(input.filter, at('filter'), maxFilterDepth), condition, {
      name,
      namespace,
    }),
    entity,
    entitiesOf: (event) => entitiesOf(event, entity),
    condition,
    pendingForMicros: micros('pendingFor') ?? 0,
    silenceForMicros: silenceOf(micros('silenceFor'), input.silenceFor, at('silenceFor')),
    recoverAfterMicros: micros('recoverAfter') ?? 0,
    severity: input.severity,
    message: compileMessage(input.message ?? defaultMessage(input.condition), at('message')),
    tags: tagsOf(input.tags, at('tags')),
    enabled: input.enabled,
  };
}

/** A filter whose times do not move with the clock. @throws InputError */
export function filterOf(
  input: Given<FilterInput>,
  path: readonly string[],
  maxDepth: number,
): Filter {
  if (input == null) return everything;
  const [filter, later] = moments.map((now) => parseFilter(input, { now, path, maxDepth }));
  if (JSON.stringify(filter) === JSON.stringify(later)) return filter as Filter;
  throw new InputError(path, 'Its times must be absolute: a rule has a window of its own.');
}

/** The events that a rule is about: of those that match its filter, the ones that its condition may count. */
export function ruleFilter(
  filter: Filter,
  condition: AlarmCondition,
  rule: Pick<AlarmRule, 'name' | 'namespace'>,
): Filter {
  const known = withoutOwn(filter, rule);
  if (condition.kind !== 'MINUTES') return known;
  return { all: [known, countedBy(condition.rule.series)] };
}

/** Alarms reach a rule only where its filter names their category, and its own alarms never do. */
function withoutOwn(
  filter: Filter,
  { name, namespace }: Pick<AlarmRule, 'name' | 'namespace'>,
): Filter {
  if (!namesCategory(filter, alarmCategory)) {
    return { all: [filter, { not: { categories: [alarmCategory] } }] };
  }
  const own: Filter = { categories: [alarmCategory], actions: [name], namespaces: [namespace] };
  return { all: [filter, { not: own }] };
}

function nameOf(given: string, path: readonly string[]): string {
  const name = parseText(given, path);
  if (name.trim() !== '' && name.length <= maxNameLength) return name;
  throw new InputError(
    path,
    `A name has 1 to ${maxNameLength} characters, not ${name.length}, and not only spaces.`,
  );
}

function descriptionOf(given: Given<string>, path: readonly string[]): string | null {
  if (given == null) return null;
  const { length } = parseText(given, path);
  if (length <= maxDescriptionLength) return given;
  throw new InputError(
    path,
    `A description has at most ${maxDescriptionLength} characters, not ${length}.`,
  );
}

function entityOf(
  given: Given<readonly GroupByInput[]>,
  path: readonly string[],
): readonly Grouping[] {
  const groupings = given ?? [];
  if (groupings.length > maxGroupings) {
    throw new InputError(
      path,
      `An entity has at most ${maxGroupings} labels, not ${groupings.length}.`,
    );
  }
  const entity = groupings.map((by, at) => parseGrouping(by, [...path, String(at)]));
  for (const [at, grouping] of entity.entries()) {
    const name = groupingName(grouping);
    if (name !== '') continue;
    throw new InputError([...path, String(at)], 'Give the name of a tag group or of a trait.');
  }
  return entity;
}

function tagsOf(given: Given<readonly string[]>, path: readonly string[]): readonly string[] {
  const tags = given ?? [];
  if (tags.length > maxTags) {
    throw new InputError(path, `A rule has at most ${maxTags} tags, not ${tags.length}.`);
  }
  return tags.map((tag, position) => {
    const at = [...path, String(position)];
    const text = parseText(tag, at);
    if (text === '' || text.length > maxTagLength) {
      throw new InputError(at, `A tag has 1 to ${maxTagLength} characters, not ${text.length}.`);
    }
    const reserved = unnotifiedTags.find((each) => text === each || text.startsWith(`${each}:`));
    if (reserved === undefined) return text;
    throw new InputError(at, `The tag ${quoted(reserved)} is given by the gateway itself.`);
  });
}

function conditionOf(
  { threshold, notEndedWithin, absentFor, expression }: AlarmConditionInput,
  path: readonly string[],
): AlarmCondition {
  const at = (field: string) => [...path, field];
  if (threshold != null) return thresholdConditionOf(threshold, at('threshold'));
  if (notEndedWithin != null) {
    return { kind: 'NOT_ENDED', withinMicros: lengthOf(notEndedWithin, at('notEndedWithin')) };
  }
  if (absentFor != null) {
    return { kind: 'ABSENT', forMicros: lengthOf(absentFor, at('absentFor')) };
  }
  if (expression != null) {
    return { kind: 'MINUTES', rule: minuteRuleOf(expression, at('expression')) };
  }
  throw new InputError(path, 'Give threshold, notEndedWithin, absentFor or expression.');
}

function thresholdConditionOf(
  { figure, measure, op, value, over }: ThresholdInput,
  path: readonly string[],
): ThresholdCondition {
  if (!Number.isFinite(value)) {
    throw new InputError([...path, 'value'], `value must be a number, got ${value}.`);
  }
  const isPlainCount = figure === 'COUNT' && measure == null;
  return {
    kind: 'THRESHOLD',
    figure,
    measure: isPlainCount ? null : parseMeasure(measure, [...path, 'measure']),
    op,
    value,
    overMicros: lengthOf(over, [...path, 'over']),
  };
}

function minuteRuleOf(given: AlarmExpressionInput, path: readonly string[]): MinuteRule {
  const minutes = (
    field: 'period' | 'silencePeriod' | 'recoveryObservationPeriod',
    least: number,
  ) => {
    const count = given[field] ?? given.period;
    if (Number.isSafeInteger(count) && count >= least && count <= maxPeriodMinutes) return count;
    throw new InputError(
      [...path, field],
      `${field} must be between ${least} and ${maxPeriodMinutes} minutes, got ${count}.`,
    );
  };
  const periods = {
    period: minutes('period', 1),
    silencePeriod: minutes('silencePeriod', 0),
    recoveryObservationPeriod: minutes('recoveryObservationPeriod', 0),
  };
  try {
    const expression = alarmExpression(given.expression, { whyUnknown });
    return minuteRule({ expression, ...periods });
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw error.asInputError([...path, 'expression']);
  }
}

/** The periods of an expression are parts of it. */
function rejectPeriods(input: AlarmRuleInput, at: (field: string) => readonly string[]): void {
  for (const [field, instead] of Object.entries(expressionPeriods)) {
    if (input[field as keyof typeof expressionPeriods] == null) continue;
    throw new InputError(at(field), `${field} has no meaning with an expression: ${instead}`);
  }
}

const expressionPeriods = {
  pendingFor: 'compare over more minutes, such as sum(Unhealthy > 5) >= 3 with a period of 3.',
  silenceFor: 'give silencePeriod in the expression.',
  recoverAfter: 'give recoveryObservationPeriod in the expression.',
} as const;

/** Null without a length, and for none. @throws InputError */
function silenceOf(
  micros: number | null,
  given: Given<string>,
  path: readonly string[],
): number | null {
  if (micros === null || micros === 0) return null;
  if (micros >= minSilenceMicros) return micros;
  throw new InputError(path, `silenceFor must be 0s, or between 10s and 30d, got ${given}.`);
}

/** A length of time in microseconds. @throws InputError */
function lengthOf(
  given: string,
  path: readonly string[],
  { atLeast }: { readonly atLeast: number } = { atLeast: 1_000 },
): number {
  const micros = parseDuration(given, path);
  if (micros >= atLeast && micros <= maxWindowMicros) return micros;
  const least = atLeast > 0 ? '1ms' : '0s';
  throw new InputError(path, `${path.at(-1)} must be between ${least} and 30d, got ${given}.`);
}

const signs: Readonly<Record<ComparisonOperator, string>> = {
  EQ: '=',
  NE: '≠',
  LT: '<',
  LTE: '≤',
  GT: '>',
  GTE: '≥',
};

const literal = (text: string): string => text.replaceAll('{', '{{');

function defaultMessage({
  threshold,
  notEndedWithin,
  absentFor,
  expression,
}: AlarmConditionInput): string {
  if (threshold != null) {
    const { figure, op, over } = threshold;
    return `{rule} for {name}: ${figure.toLowerCase()} {value} ${signs[op]} {threshold} over ${literal(over)}`;
  }
  if (notEndedWithin != null)
    return `{rule} for {name}: not ended within ${literal(notEndedWithin)}`;
  if (absentFor != null) return `{rule} for {name}: nothing for ${literal(absentFor)}`;
  return `{rule} for {name}: ${literal(expression?.expression ?? '')}`;
}
