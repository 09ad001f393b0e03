import { type Document, isMap, isNode, isScalar, LineCounter } from 'yaml';
import { InputError } from '../event/input-error.ts';
import { fileLimits, parseYaml, readValue, YamlLimitError } from '../http/yaml.ts';
import { type AlarmRuleInput, parseRule } from './rule.ts';

/** Gives a rule of a file the form of the API's AlarmRuleInput. @throws InputError with the path of the fault */
export type CoerceRule = (given: unknown) => AlarmRuleInput;

/** Everything that is wrong with the file, a sentence each, with the line. */
export class RuleFileError extends Error {
  override readonly name = 'RuleFileError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[], options?: ErrorOptions) {
    super(faults.join('\n'), options);
    this.faults = faults;
  }
}

export interface RuleFileOptions {
  /** The name of the file in errors. */
  readonly file: string;
  readonly coerce: CoerceRule;
  readonly maxFilterDepth: number;
}

/** Reads the content of TIDINGS_ALARMS_FILE: a list of rules under `rules`. @throws RuleFileError with all faults at once */
export function parseRuleFile(
  text: string,
  { file, coerce, maxFilterDepth }: RuleFileOptions,
): readonly AlarmRuleInput[] {
  const lines = new LineCounter();
  const document = documentOf(text, file, lines);
  const at = (path: readonly string[]) => `${file}:${lineOf(document, lines, path)}`;
  const given = rulesOf(document, at);
  const faults: string[] = [];
  const inputs: AlarmRuleInput[] = [];
  const names = new Set<string>();
  for (const [place, each] of given.entries()) {
    const path = ['rules', String(place)];
    try {
      const input = coerce(each);
      parseRule(input, { maxFilterDepth, path: [] });
      const key = JSON.stringify([input.namespace, input.name]);
      if (names.has(key)) throw new InputError(['name'], 'The namespace has this name twice.');
      names.add(key);
      inputs.push(input);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const whole = [...path, ...error.argument];
      faults.push(`${at(whole)}: ${whole.join('.')}: ${error.message}`);
    }
  }
  if (faults.length > 0) throw new RuleFileError(faults);
  return inputs;
}

function documentOf(text: string, file: string, lineCounter: LineCounter): Document.Parsed {
  let documents: readonly Document.Parsed[];
  try {
    documents = parseYaml(text, { lineCounter }, fileLimits);
  } catch (error) {
    if (!(error instanceof YamlLimitError)) throw error;
    throw new RuleFileError([`${file}: The file ${error.message}.`], { cause: error });
  }
  const [document, second] = documents;
  if (document === undefined || second !== undefined) {
    throw new RuleFileError([`${file}:1: The file must hold one YAML document.`]);
  }
  if (document.errors.length === 0) return document;
  throw new RuleFileError(
    document.errors.map(
      ({ message, pos }) =>
        `${file}:${lineCounter.linePos(pos[0]).line}: ${message.split('\n')[0]}`,
    ),
  );
}

function rulesOf(
  document: Document.Parsed,
  at: (path: readonly string[]) => string,
): readonly unknown[] {
  const value = readValue(document, fileLimits);
  if (value === null) return [];
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new RuleFileError([`${at([])}: The file must be a mapping with the list rules.`]);
  }
  const { rules = [], ...others } = value as Readonly<Record<string, unknown>>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new RuleFileError([`${at([unknown])}: ${unknown} is not known: only rules is.`]);
  }
  if (Array.isArray(rules)) return rules;
  throw new RuleFileError([`${at(['rules'])}: rules: must be a list.`]);
}

/** The line of a value, or of the key where a mapping holds it. */
function lineOf(document: Document, lines: LineCounter, path: readonly string[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent: unknown = document.getIn(path.slice(0, length - 1).map(stepOf), true);
    const name = path[length - 1];
    const node = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === name)?.key
      : document.getIn(path.slice(0, length).map(stepOf), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

const stepOf = (name: string): string | number => (/^\d+$/.test(name) ? Number(name) : name);
