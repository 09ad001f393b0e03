import { FaultsError } from '../../runtime/faults-error.ts';
import { glob } from './python/glob.ts';
import { repr } from './python/text.ts';
import { typeName, type Value } from './python/value.ts';
import { type ExtractTrait, traitFrom } from './trait.ts';
import {
  keyText,
  memberOf,
  readYaml,
  toValue,
  type YamlEntry,
  YamlError,
  type YamlNode,
} from './yaml.ts';

/** Which notifications become events, and with what traits. */
export interface Definition {
  matches(eventType: string): boolean;
  /** It takes every notification. */
  readonly catchAll: boolean;
  /** In the order in which an event carries them. */
  readonly traits: readonly ExtractTrait[];
}

/** All faults of a definitions file: each on a line of its own, with its line in the file. */
export class DefinitionsError extends FaultsError {
  override readonly name = 'DefinitionsError';
}

const longestName = 256;

/** Traits of every event; a definition's trait of the same name takes the place of one. */
const defaultTraits = traitsOf(
  readYaml(`
service: publisher_id
request_id: ctxt.request_id
project_id: [payload.tenant_id, ctxt.project_id]
user_id: [payload.user_id, ctxt.user_id]
tenant_id: [payload.tenant_id, ctxt.project_id]
`),
  {
    fault: (_line, message) => {
      throw new Error(message);
    },
    warn: () => {},
  },
);

/** The definition for notifications that match no other. */
export const catchAll: Definition = {
  matches: () => true,
  catchAll: true,
  traits: [...defaultTraits.values()],
};

/**
 * Reads a definitions file, in its order.
 * @param file its name in errors and warnings
 * @param warn is called with each line that cannot be meant as it is
 * @throws DefinitionsError with all faults
 */
export function parseDefinitions(
  text: string,
  file: string,
  warn: (warning: string) => void = () => {},
): readonly Definition[] {
  const root = yamlOf(text, file);
  if (root.kind !== 'list') {
    throw new DefinitionsError([
      `${file}: must be a list of definitions, not ${typeName(toValue(root))}.`,
    ]);
  }
  const faults: string[] = [];
  const definitions = root.items.map((node, at) => {
    const said = (line: number, message: string) =>
      `${file}:${line}: definition ${at + 1}${nameOf(node)}${message}.`;
    return definitionOf(node, {
      fault: (line, message) => void faults.push(said(line, message)),
      warn: (line, message) => warn(said(line, message)),
    });
  });
  if (faults.length > 0) throw new DefinitionsError(faults);
  return definitions;
}

function yamlOf(text: string, file: string): YamlNode {
  try {
    return readYaml(text);
  } catch (cause) {
    const place = cause instanceof YamlError ? `${file}:${cause.line}` : file;
    throw new DefinitionsError([`${place}: ${(cause as Error).message}.`], { cause });
  }
}

/** Reports a fault in a line of the definition. */
type Fault = (line: number, message: string) => void;

interface Findings {
  readonly fault: Fault;
  readonly warn: Fault;
}

function nameOf(node: YamlNode): string {
  const types = memberOf(node, 'event_type');
  return types === undefined ? '' : ` (${repr(toValue(types), 60)})`;
}

function definitionOf(node: YamlNode, findings: Findings): Definition {
  const { fault } = findings;
  const say: Fault = (line, message) => fault(line, `: ${message}`);
  if (node.kind !== 'mapping') say(node.line, `must be a mapping, not ${typeName(toValue(node))}`);
  const types = memberOf(node, 'event_type');
  const traits = memberOf(node, 'traits');
  if (node.kind === 'mapping') {
    if (types === undefined) say(node.line, 'Required field event_type not specified');
    else if (traits === undefined) say(node.line, 'Required field traits not specified');
  }
  const patterns = types === undefined ? [] : patternsOf(types, say);
  const own = traits === undefined ? [] : traitsOf(traits, findings);
  return { ...matcherOf(patterns), traits: [...new Map([...defaultTraits, ...own]).values()] };
}

function patternsOf(types: YamlNode, fault: Fault): readonly string[] {
  const patterns = listOf(types);
  if (patterns === null) {
    fault(types.line, `event_type must be a pattern or a list, not ${typeName(toValue(types))}`);
    return [];
  }
  return patterns.filter((pattern) => {
    if (typeof pattern === 'string') return true;
    fault(types.line, `event_type must hold patterns, not ${typeName(pattern)}`);
    return false;
  }) as readonly string[];
}

/** The patterns of a string, a list or, as Python iterates it, of the names of a mapping. */
function listOf(types: YamlNode): readonly Value[] | null {
  if (types.kind === 'list') return types.items.map(toValue);
  if (types.kind === 'mapping') return types.entries.map(({ key }) => key);
  return typeof types.value === 'string' ? [types.value] : null;
}

/** At least one pattern must match and none that begins with !; exclusions alone match all else. */
function matcherOf(patterns: readonly string[]): Pick<Definition, 'matches' | 'catchAll'> {
  const excluded = patterns.filter((pattern) => pattern.startsWith('!'));
  const named = patterns.filter((pattern) => !pattern.startsWith('!'));
  const included = excluded.length > 0 && named.length === 0 ? ['*'] : named;
  const includes = included.map(glob);
  const excludes = excluded.map((pattern) => glob(pattern.slice(1)));
  return {
    matches: (eventType) =>
      includes.some((matches) => matches(eventType)) &&
      !excludes.some((matches) => matches(eventType)),
    catchAll: included.includes('*') && excluded.length === 0,
  };
}

function traitsOf(traits: YamlNode, { fault, warn }: Findings): ReadonlyMap<string, ExtractTrait> {
  const read = new Map<string, ExtractTrait>();
  for (const { key, value } of entriesOf(traits, fault)) {
    const name = keyText(key);
    if (name === '' || name.length > longestName) {
      fault(value.line, `: the name of a trait has 1 to ${longestName} characters`);
      continue;
    }
    try {
      const warnOfTrait = (message: string) => warn(value.line, `, trait ${name}: ${message}`);
      read.set(name, traitFrom(name, value, warnOfTrait));
    } catch (cause) {
      // The definition caused any error here, even a stack overflow from nested parentheses.
      fault(value.line, `, trait ${name}: ${(cause as Error).message}`);
    }
  }
  return read;
}

/** Python iterates over an empty list or string in the same way. */
function entriesOf(traits: YamlNode, fault: Fault): readonly YamlEntry[] {
  if (traits.kind === 'mapping') return traits.entries;
  const value = toValue(traits);
  const empty = value === '' || (Array.isArray(value) && value.length === 0);
  if (!empty) fault(traits.line, `: traits must be a mapping, not ${typeName(value)}`);
  return [];
}
