import type { HiddenField } from '../access/policy.ts';
import type { Scope } from '../access/scope.ts';
import { asksForHidden } from '../access/scoped-store.ts';
import { selectsByTrait } from './expression/event-metrics.ts';
import type { AlarmRule } from './rule.ts';

/** The first of the hidden fields that a rule filters, groups, measures or selects by; null where it does by none. */
export function hiddenFromRule(
  { filter, entity, condition }: AlarmRule,
  scope: Pick<Scope, 'hidden'>,
): HiddenField | null {
  const measure = condition.kind === 'THRESHOLD' ? condition.measure : null;
  const asksForTraits =
    measure?.of === 'trait' ||
    entity.some(({ by }) => by === 'trait') ||
    (condition.kind === 'MINUTES' && condition.rule.series.some(selectsByTrait));
  if (scope.hidden.has('TRAITS') && asksForTraits) return 'TRAITS';
  if (asksForHidden(filter, scope)) return 'TRAITS';
  return scope.hidden.has('VALUE') && measure?.of === 'value' ? 'VALUE' : null;
}
