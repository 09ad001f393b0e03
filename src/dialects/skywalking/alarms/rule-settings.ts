import { whyUnknown } from '../../../alarms/expression/event-metrics.ts';
import { type AlarmExpression, alarmExpression } from '../../../alarms/expression/expression.ts';
import { ExpressionError } from '../../../alarms/expression/expression-error.ts';
import { nameInExpression } from '../../../alarms/expression/metric-name.ts';
import {
  type Condition,
  compositeRule,
  type MinuteRule,
  maxPeriodMinutes,
  minuteRule,
} from '../../../alarms/minute-rule.ts';
import type { Json } from '../../../event/event.ts';
import { parseComposition } from './composition.ts';
import { NamePatternError, namePattern } from './name-pattern.ts';
import type { Section } from './section.ts';
import { type AlarmText, alarmText, TemplateError } from './text-template.ts';

/** A rule of SkyWalking's alarm settings. */
export interface AlarmSettingsRule {
  /** Its id in the file: service_resp_time_rule. */
  readonly name: string;
  /** Null where `problem` says why it cannot be evaluated. */
  readonly minuteRule: MinuteRule | null;
  readonly problem: string | null;
  /** In MQE, also where the file has the old form; of a composite rule its rule ids. */
  readonly expression: string;
  /** Metrics that it uses, as the expression has them. */
  readonly metrics: readonly string[];
  /** Minutes. */
  readonly period: number;
  readonly silencePeriod: number;
  readonly recoveryObservationPeriod: number;
  /** Minutes before the period that trends look back to. */
  readonly additionalPeriod: number;
  readonly names: NameSettings;
  readonly message: AlarmText;
  readonly tags: readonly { readonly key: string; readonly value: string }[];
  /** Ids of hooks: `slack.default`. */
  readonly hooks: readonly string[];
  /** Whether it notifies nobody, and is only a part of composite rules. */
  readonly onlyAsCondition: boolean;
  /** As it is in the file; of a composite rule with its parts. */
  readonly given: Json;
}

/** Which entities a rule is about. */
interface NameSettings {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly includeRegex: string;
  readonly excludeRegex: string;
  readonly matches: (name: string) => boolean;
}

/** What rules know of the file's hooks. */
export interface KnownHooks {
  readonly ids: readonly string[];
  readonly defaults: readonly string[];
}

interface ReadRule extends AlarmSettingsRule {
  /** Null where it has a problem or a fault. */
  readonly condition: Condition | null;
}

/** Reads the rules of both forms of the file, and composite rules. Faults are noted in the file's sections. */
export function readRules(file: Section, hooks: KnownHooks): readonly AlarmSettingsRule[] {
  const rules = readSections(file, 'rules').map((section) => readRule(section, hooks));
  const known = new Map(rules.map((rule) => [rule.name, rule]));
  const composites = readSections(file, 'composite-rules').map((section) =>
    readComposite(section, known, hooks),
  );
  return [...rules, ...composites].map(({ condition: _, ...rule }) => rule);
}

function readSections(file: Section, key: string): readonly Section[] {
  const sections = file.section(key, key);
  if (sections === null) return [];
  return sections.keys.flatMap((name) => {
    if (!name.endsWith('_rule')) {
      sections.warn(name, 'is left out: the id of a rule ends with _rule.');
      return [];
    }
    const section = sections.section(name, `rule ${name}`);
    if (section === null && !sections.has(name)) sections.fault(name, 'must be a mapping.');
    return section ?? [];
  });
}

const nameOf = ({ title }: Section): string => title.slice('rule '.length);

function readRule(section: Section, hooks: KnownHooks): ReadRule {
  const periods = readPeriods(section);
  const { expression, compiled, problem } = readExpression(section, periods.period);
  const condition =
    compiled === null || problem !== null ? null : { expression: compiled, ...periods };
  const rule = {
    name: nameOf(section),
    expression,
    metrics: compiled?.metrics.map(({ text }) => text) ?? [],
    additionalPeriod: compiled?.extraMinutes ?? 0,
    ...periods,
    condition,
    minuteRule: condition === null ? null : minuteRule(condition),
    problem,
    names: readNames(section),
    onlyAsCondition: section.flag('only-as-condition'),
    given: section.given,
    ...readNotice(section, hooks),
  };
  section.warnOfUnread();
  return rule;
}

function readPeriods(
  section: Section,
): Pick<Condition, 'period' | 'silencePeriod' | 'recoveryObservationPeriod'> {
  const max = maxPeriodMinutes;
  const period = section.wholeNumber('period', { min: 1, max, fallback: 1 });
  return {
    period,
    silencePeriod: section.wholeNumber('silence-period', { min: 0, max, fallback: period }),
    recoveryObservationPeriod: section.wholeNumber('recovery-observation-period', {
      min: 0,
      max,
      fallback: 0,
    }),
  };
}

interface ReadExpression {
  /** Empty where it has a fault. */
  readonly expression: string;
  /** Null where it has a fault. */
  readonly compiled: AlarmExpression | null;
  /** Set where a metric is none of events. */
  readonly problem: string | null;
}

/** Of the old form of a rule the expression that says the same. */
function readExpression(section: Section, period: number): ReadExpression {
  const isOld = !section.has('expression') && (section.has('metrics-name') || section.has('op'));
  if (isOld) warnOfLabels(section);
  const expression = isOld ? translated(section, period) : (section.text('expression') ?? '');
  if (expression !== '') return compile(section, isOld ? 'metrics-name' : 'expression', expression);
  if (!isOld) section.fault('expression', 'is missing.');
  return { expression, compiled: null, problem: null };
}

function compile(section: Section, key: string, text: string): ReadExpression {
  let compiled: AlarmExpression | null = null;
  try {
    compiled = alarmExpression(text);
    alarmExpression(text, { whyUnknown });
    return { expression: text, compiled, problem: null };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    if (compiled === null) section.fault(key, error.message);
    else section.warn(key, `The rule is not evaluated. ${error.message}`);
    return { expression: text, compiled, problem: `${nameOf(section)}, ${key}: ${error.message}` };
  }
}

const operators = ['>', '>=', '<', '<=', '=='];

/** The old form as an expression: sum(metric OP threshold) >= count. Empty where it has a fault. */
function translated(section: Section, period: number): string {
  const metric = section.text('metrics-name');
  const op = section.text('op');
  const threshold = section.text('threshold');
  const count = section.wholeNumber('count', { min: 1, max: maxPeriodMinutes, fallback: 1 });
  if (count > period)
    section.warn('count', `is more than the period of ${period}: it never fires.`);
  for (const [key, value] of Object.entries({ 'metrics-name': metric, op, threshold })) {
    if (value === null && !section.has(key)) section.fault(key, 'is missing.');
  }
  if (op !== null && !operators.includes(op)) {
    section.fault('op', `must be one of ${operators.join(' ')}, not ${JSON.stringify(op)}.`);
  }
  if (metric !== null && !/^[^`\s]{1,256}$/.test(metric)) {
    section.fault('metrics-name', `must be the name of an event, not ${JSON.stringify(metric)}.`);
  }
  if (metric === null || op === null || threshold === null || !operators.includes(op)) return '';
  const compared = thresholdsOf(section, metric, threshold);
  if (compared === null) return '';
  return `sum(${nameInExpression(metric)} ${op} ${compared}) >= ${count}`;
}

/** The number of a threshold. Several, as for percentiles, are one for each value of a metric: events have one. */
function thresholdsOf(section: Section, metric: string, threshold: string): string | null {
  const numbers = threshold.split(',').map((part) => part.trim());
  const isNumber = (text: string) => /^-?\d+(\.\d+)?$/.test(text);
  if (!numbers.some(isNumber) || !numbers.every((text) => text === '-' || isNumber(text))) {
    section.fault('threshold', `must be a number, not ${JSON.stringify(threshold)}.`);
    return null;
  }
  if (numbers.length > 1 && whyUnknown(metric) === null) {
    section.fault('threshold', `must be one number: ${metric} has one value, the count of events.`);
    return null;
  }
  const [number = '0'] = numbers.filter(isNumber);
  return number.startsWith('-') ? `(0 - ${number.slice(1)})` : number;
}

function warnOfLabels(section: Section): void {
  for (const key of [
    'include-labels',
    'exclude-labels',
    'include-labels-regex',
    'exclude-labels-regex',
  ]) {
    if (!section.has(key)) continue;
    section.strings(key);
    section.warn(key, 'is left out: a count of events has no labels in this form.');
  }
}

function readNames(section: Section): NameSettings {
  const include = section.strings('include-names');
  const exclude = section.strings('exclude-names');
  const [includeRegex, includes] = readPattern(section, 'include-names-regex');
  const [excludeRegex, excludes] = readPattern(section, 'exclude-names-regex');
  const [included, excluded] = [new Set(include), new Set(exclude)];
  return {
    include,
    exclude,
    includeRegex,
    excludeRegex,
    matches: (name) =>
      (included.size === 0 || included.has(name)) &&
      !excluded.has(name) &&
      (includes === null || includes(name)) &&
      (excludes === null || !excludes(name)),
  };
}

function readPattern(section: Section, key: string) {
  const text = section.text(key) ?? '';
  if (text === '') return ['', null] as const;
  try {
    return [text, namePattern(text)] as const;
  } catch (error) {
    if (!(error instanceof NamePatternError)) throw error;
    section.fault(key, error.message);
    return [text, null] as const;
  }
}

/** What is said of an alarm, and where. */
function readNotice(
  section: Section,
  known: KnownHooks,
): Pick<AlarmSettingsRule, 'message' | 'tags' | 'hooks'> {
  const hooks = section.strings('hooks');
  for (const id of hooks) {
    if (known.ids.includes(id)) continue;
    section.fault('hooks', `there is no hook ${JSON.stringify(id)}: name it as <type>.<name>.`);
  }
  const message = section.text('message') ?? `Alarm caused by Rule ${nameOf(section)}`;
  return {
    message: messageOf(section, message),
    tags: [...section.map('tags')].map(([key, value]) => ({ key, value })),
    hooks: hooks.length === 0 ? known.defaults : hooks,
  };
}

function messageOf(section: Section, template: string): AlarmText {
  try {
    return alarmText(template);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    section.fault('message', error.message);
    return () => template;
  }
}

function readComposite(
  section: Section,
  known: ReadonlyMap<string, ReadRule>,
  hooks: KnownHooks,
): ReadRule {
  const text = section.text('expression') ?? '';
  const parts = partsOf(section, text, known);
  const problem = parts.rules.find((rule) => rule.problem !== null)?.problem ?? null;
  const conditions = parts.rules.flatMap(({ condition }) => condition ?? []);
  const isWhole = parts.rules.length > 0 && conditions.length === parts.rules.length;
  const rule = {
    name: nameOf(section),
    expression: text,
    metrics: [...new Set(parts.rules.flatMap(({ metrics }) => metrics))],
    period: Math.max(1, ...parts.rules.map(({ period }) => period)),
    silencePeriod: 0,
    recoveryObservationPeriod: 0,
    additionalPeriod: 0,
    condition: null,
    minuteRule: isWhole ? compositeRule(conditions, parts.composition) : null,
    problem,
    names: namesOfAll(parts.rules.map(({ names }) => names)),
    onlyAsCondition: false,
    given: [section.given, ...parts.rules.map(({ given }) => given)],
    ...readNotice(section, hooks),
  };
  section.warnOfUnread();
  return rule;
}

/** An entity that a rule is not about never fires it: so a composite of rules is about those of all its rules. */
function namesOfAll(all: readonly NameSettings[]): NameSettings {
  return {
    include: [],
    exclude: [],
    includeRegex: '',
    excludeRegex: '',
    matches: (name) => all.every(({ matches }) => matches(name)),
  };
}

function partsOf(section: Section, text: string, known: ReadonlyMap<string, ReadRule>) {
  const none = { rules: [] as readonly ReadRule[], composition: () => false };
  if (text === '') {
    section.fault('expression', 'is missing.');
    return none;
  }
  try {
    const { names, composition } = parseComposition(text);
    const unknown = names.find((name) => !known.has(name));
    if (unknown === undefined)
      return { rules: names.flatMap((name) => known.get(name) ?? []), composition };
    section.fault('expression', `there is no rule ${JSON.stringify(unknown)}.`);
    return none;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    section.fault('expression', error.message);
    return none;
  }
}
