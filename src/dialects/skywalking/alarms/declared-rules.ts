import type { DeclaredRule } from '../../../alarms/declared-rules.ts';
import { type EntityId, entityIdOf } from '../../../alarms/entity.ts';
import { maxMessageLength } from '../../../alarms/message.ts';
import {
  type AlarmRule,
  type AlarmRuleInput,
  maxTagLength,
  maxTags,
  ruleFilter,
} from '../../../alarms/rule.ts';
import type { Event } from '../../../event/event.ts';
import { everything } from '../../../event/filter.ts';
import { unnotifiedTags } from '../../../sinks/loop-guard.ts';
import { entityOf } from './alarm-entity.ts';
import type { AlarmSettingsRule } from './rule-settings.ts';
import type { AlarmSettings } from './settings.ts';

/** Where the rules of the settings and their alarms are: SkyWalking has no namespaces. */
export const alarmNamespace = 'default';

/** Of the labels the layer is only shown: an entity that has events of several layers is still one. */
const entityFields = ['SERVICE', 'INSTANCE', 'ENDPOINT', 'LAYER'] as const;

/** The rules of the settings that make alarms of their own. */
export const declaredRules = ({ rules }: AlarmSettings): readonly DeclaredRule[] =>
  rules
    .filter(({ onlyAsCondition }) => !onlyAsCondition)
    .map((rule) => {
      const input = inputOf(rule);
      const { problem, given: definition } = rule;
      return { input, own: { rule: alarmRuleOf(rule, input), problem, definition } };
    });

/** As near as the API's own form of a rule comes. */
const inputOf = (rule: AlarmSettingsRule): AlarmRuleInput => ({
  name: rule.name,
  namespace: alarmNamespace,
  entity: entityFields.map((field) => ({ field })),
  condition: {
    expression: {
      expression: rule.expression,
      period: rule.period,
      silencePeriod: rule.silencePeriod,
      recoveryObservationPeriod: rule.recoveryObservationPeriod,
    },
  },
  severity: 'ERROR',
  tags: tagsOf(rule),
  enabled: true,
});

/** Tags that cannot be an event's are sent to hooks alone. */
const tagsOf = ({ tags }: AlarmSettingsRule): readonly string[] =>
  tags
    .filter(({ key }) => key !== '' && !unnotifiedTags.some((reserved) => key === reserved))
    .map(({ key, value }) => `${key}:${value}`)
    .filter(({ length }) => length <= maxTagLength)
    .slice(0, maxTags);

/** Null where the rule cannot be evaluated. */
function alarmRuleOf(rule: AlarmSettingsRule, input: AlarmRuleInput): AlarmRule | null {
  if (rule.minuteRule === null) return null;
  const { name, namespace, severity, tags, enabled } = input;
  const condition = { kind: 'MINUTES', rule: rule.minuteRule } as const;
  return {
    name,
    namespace,
    description: null,
    filter: ruleFilter(everything, condition, { name, namespace }),
    entity: entityFields.map((field) => ({ by: 'field', field })),
    entitiesOf: (event) => entitiesOf(event, rule),
    condition,
    pendingForMicros: 0,
    silenceForMicros: null,
    recoverAfterMicros: 0,
    severity,
    message: {
      needsEvent: false,
      render: ({ labels: [service = null, instance = null, endpoint = null], name: shown }) => {
        const entity = entityOf({ service, instance, endpoint }) ?? { name: shown, id0: '' };
        return rule.message(entity).slice(0, maxMessageLength);
      },
    },
    tags: tags ?? [],
    enabled,
  };
}

/** The instance, else the endpoint, else the service of an event, where the rule is about it. */
function entitiesOf({ source }: Event, { names }: AlarmSettingsRule): readonly EntityId[] {
  const entity = entityOf(source);
  if (entity === null || !names.matches(entity.name)) return [];
  const endpoint = source.instance === null ? source.endpoint : null;
  const { key, labels } = entityIdOf([source.service, source.instance, endpoint]);
  return [{ key, labels: [...labels, source.layer] }];
}
