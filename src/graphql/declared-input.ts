import { coerceInputValue, type GraphQLSchema, isInputType } from 'graphql';
import type { AlarmRuleInput } from '../alarms/rule.ts';
import { InputError } from '../event/input-error.ts';
import type { SinkInput } from '../sinks/spec.ts';

/** The input types that files declare, with the form in which the API gives them on. */
interface DeclaredInputs {
  readonly AlarmRuleInput: AlarmRuleInput;
  readonly SinkInput: SinkInput;
}

/**
 * Reads a value of a file as the API reads an input of this type, its defaults included.
 * The result throws InputError with the path of the fault.
 */
export function createInputCoercion<Name extends keyof DeclaredInputs>(
  schema: GraphQLSchema,
  name: Name,
): (given: unknown) => DeclaredInputs[Name] {
  const type = schema.getType(name);
  if (!isInputType(type)) throw new Error(`The schema has no ${name}.`);
  return (given) =>
    coerceInputValue(given, type, (at, _value, error) => {
      throw new InputError(at.map(String), error.message);
    }) as DeclaredInputs[Name];
}
