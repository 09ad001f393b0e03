import { expect, test } from 'vitest';
import type { AlarmRuleInput } from '../../src/client/schema.generated.ts';
import {
  conditionLine,
  draftOfRule,
  newRule,
  ruleInputOf,
} from '../../src/console/alarm-rule-draft.ts';

const rules: readonly AlarmRuleInput[] = [
  {
    name: 'a',
    namespace: 'prod',
    description: 'why',
    filter: { types: ['Volume.*'], tags: ['pool:gold'] },
    entity: [{ field: 'KEY' }, { tagGroup: 'pool' }],
    condition: {
      threshold: {
        figure: 'AVERAGE',
        measure: { trait: 'size' },
        op: 'GTE',
        value: 2.5,
        over: '1h',
      },
    },
    pendingFor: '1m',
    recoverAfter: '2m',
    silenceFor: '1h',
    severity: 'NORMAL',
    message: '{name}',
    tags: ['team:a', 'b'],
    enabled: false,
  },
  { ...ruleInputOf({ ...newRule, name: 'b' }), condition: { notEndedWithin: '20m' } },
  { ...ruleInputOf({ ...newRule, name: 'c' }), condition: { absentFor: '5m' } },
  {
    ...ruleInputOf({ ...newRule, name: 'd' }),
    condition: {
      expression: {
        expression: 'sum(count > 3) > 1',
        period: 5,
        silencePeriod: 3,
        recoveryObservationPeriod: 2,
      },
    },
  },
];

test.each(rules)('rule $name is the same after it was opened and saved', (rule) => {
  expect(ruleInputOf(draftOfRule(rule))).toEqual(rule);
});

test('a condition is said in one line', () => {
  const lines = rules.map((rule) => conditionLine(draftOfRule(rule)));
  expect(lines).toEqual([
    'average of trait:size ≥ 2.5 in 1h',
    'not ended within 20m',
    'none for 5m',
    'sum(count > 3) > 1',
  ]);
});
