import type { Tags } from 'yaml';
import type { Json } from '../../event/event.ts';
import { integerOf, parseJson } from '../../event/json.ts';
import { isNestedDeeper, maxDocumentDepth } from '../../event/json-depth.ts';
import { bodyLimits, parseYaml, readValue, YamlLimitError } from '../../http/yaml.ts';
import { unexpectedType, unparsable } from './vamp-error.ts';

/** A value of a body before it is JSON: YAML 1.1 also has dates, sets, maps and bytes. */
export type Node = unknown;
export type Members = Readonly<Record<string, Node>>;

/**
 * The one object of a body. Vamp reads every body as YAML 1.1, which includes JSON. JSON is read as JSON here, which
 * is faster and takes `1e3` as a number. A list of one object counts as that object.
 * @throws VampError
 */
export function parseBody(text: string): Members {
  const [object, ...others] = parseObjects(text);
  if (object === undefined || others.length > 0) throw unexpectedType('/');
  return object;
}

/** The objects of a body: one, or a list of them. @throws VampError */
export function parseObjects(text: string): Members[] {
  const node = readJson(text) ?? readYaml(text);
  const objects = Array.isArray(node) ? node : [node];
  if (!objects.every(isObject)) throw unexpectedType('/');
  return objects;
}

/** Undefined where the body is not JSON. */
function readJson(text: string): Node {
  if (!/^\s*[{[]/.test(text)) return undefined;
  if (isNestedDeeper(text)) {
    throw unparsable(`the body is nested more than ${maxDocumentDepth} levels deep.`);
  }
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function readYaml(text: string): Node {
  const [document, ...others] = documentsIn(text);
  if (document === undefined || others.length > 0) throw unexpectedType('/');
  const [fault] = document.errors;
  if (fault) throw unparsable(`the body is not YAML at ${positionIn(text, fault.pos[0])}.`, fault);
  try {
    return readValue(document, bodyLimits);
  } catch (cause) {
    if (cause instanceof YamlLimitError) throw unparsable(`the body ${cause.message}.`, cause);
    throw unparsable('an alias has no anchor, or the aliases repeat too much.', cause);
  }
}

function documentsIn(text: string): ReturnType<typeof parseYaml> {
  try {
    return parseYaml(text, yamlOptions, bodyLimits);
  } catch (error) {
    if (!(error instanceof YamlLimitError)) throw error;
    throw unparsable(`the body ${error.message}.`, error);
  }
}

function positionIn(text: string, offset: number): string {
  const lines = text.slice(0, offset).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
}

const yamlOptions = {
  version: '1.1',
  schema: 'yaml-1.1',
  customTags: (tags: Tags): Tags => tags.map(wordsOnly).map(shortIntegers),
  logLevel: 'error',
  intAsBigInt: true,
} as const;

/** Reads `yes` and `on` as booleans but not `y` and `n`, as SnakeYAML does, which Vamp uses. */
function wordsOnly(tag: Tags[number]): Tags[number] {
  if (typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:bool' || !tag.test) return tag;
  return { ...tag, test: new RegExp(`(?=..)${tag.test.source}`) };
}

/** The time to read an integer grows with the square of its length: a longer one is read as a string. */
const maxDigits = 1_000;

function shortIntegers(tag: Tags[number]): Tags[number] {
  if (typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:int' || !tag.test) return tag;
  return { ...tag, test: new RegExp(`(?=.{1,${maxDigits}}$)${tag.test.source}`) };
}

/** A node as JSON: dates in ISO 8601, bytes in base64, and numbers that JSON lacks as YAML writes them. */
export function toJson(node: Node): Json {
  if (node === undefined || node === null) return null;
  if (typeof node === 'number') return Number.isFinite(node) ? node : yamlNumber(node);
  if (typeof node === 'bigint') return integerOf(node.toString());
  if (typeof node === 'string' || typeof node === 'boolean') return node;
  return typeof node === 'object' ? toJsonStructure(node) : String(node);
}

function toJsonStructure(node: object): Json {
  if (Array.isArray(node)) return node.map(toJson);
  if (node instanceof Date) return node.toISOString();
  if (node instanceof Uint8Array) return Buffer.from(node).toString('base64');
  if (node instanceof Set) return [...node].map(toJson);
  const entries = node instanceof Map ? [...node] : Object.entries(node);
  return members(entries.map(([name, value]) => [String(name), value]));
}

const members = (entries: readonly (readonly [string, Node])[]): Json =>
  Object.fromEntries(entries.map(([name, value]) => [name, toJson(value)]));

function yamlNumber(number: number): string {
  if (Number.isNaN(number)) return '.nan';
  return number > 0 ? '.inf' : '-.inf';
}

const isObject = (node: Node): node is Members =>
  typeof node === 'object' &&
  node !== null &&
  !Array.isArray(node) &&
  !(node instanceof Date) &&
  !(node instanceof Set) &&
  !(node instanceof Uint8Array);
