import { coerceInputValue, type GraphQLSchema, isInputType } from 'graphql';
import type { AlarmRuleInput } from '../alarms/rule.ts';
import type { CoerceRule } from '../alarms/rule-file.ts';
import { InputError } from '../event/input-error.ts';

/** Reads the rules of a file as the API reads an AlarmRuleInput, its defaults included. */
export function createRuleCoercion(schema: GraphQLSchema): CoerceRule {
  const type = schema.getType('AlarmRuleInput');
  if (!isInputType(type)) throw new Error('The schema has no AlarmRuleInput.');
  return (given) =>
    coerceInputValue(given, type, (at, _value, error) => {
      throw new InputError(at.map(String), error.message);
    }) as AlarmRuleInput;
}
