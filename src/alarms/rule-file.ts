import { InputError } from '../event/input-error.ts';
import { ListFile } from '../http/yaml-list-file.ts';
import { type AlarmRuleInput, parseRule } from './rule.ts';

/** Gives a rule of a file the form of the API's AlarmRuleInput. @throws InputError with the path of the fault */
type CoerceRule = (given: unknown) => AlarmRuleInput;

export interface RuleFileOptions {
  /** The name of the file in errors. */
  readonly file: string;
  readonly coerce: CoerceRule;
  readonly maxFilterDepth: number;
}

/** Reads the content of TIDINGS_ALARMS_FILE: a list of rules under `rules`. @throws ListFileError with all faults at once */
export function parseRuleFile(
  text: string,
  { file, coerce, maxFilterDepth }: RuleFileOptions,
): readonly AlarmRuleInput[] {
  const names = new Set<string>();
  return new ListFile(text, file, 'rules').read((given) => {
    const input = coerce(given);
    parseRule(input, { maxFilterDepth, path: [] });
    const key = JSON.stringify([input.namespace, input.name]);
    if (names.has(key)) throw new InputError(['name'], 'The namespace has this name twice.');
    names.add(key);
    return input;
  });
}
