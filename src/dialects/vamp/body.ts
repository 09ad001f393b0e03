import { parseAllDocuments, type Tags } from 'yaml';
import type { Json } from '../../event/event.ts';
import { unexpectedType, unparsable } from './vamp-error.ts';

/** What a body may hold before it is JSON: YAML 1.1 also has dates, sets, maps and bytes. */
export type Node = unknown;
export type Members = Readonly<Record<string, Node>>;

/**
 * The one object of a body. Vamp reads every body as YAML 1.1, of which JSON is a part; what is JSON is read
 * as such here, which is quicker and takes `1e3` for a number. A list of one object is that object.
 * @throws VampError
 */
export function parseBody(text: string): Members {
  const [object, ...others] = parseObjects(text);
  if (object === undefined || others.length > 0) throw unexpectedType('/');
  return object;
}

/** The objects of a text: one, or a list of them. @throws VampError */
export function parseObjects(text: string): Members[] {
  const node = parseJson(text) ?? parseYaml(text);
  const objects = Array.isArray(node) ? node : [node];
  if (!objects.every(isObject)) throw unexpectedType('/');
  return objects;
}

function parseJson(text: string): Node {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseYaml(text: string): Node {
  const documents = parseAllDocuments(text, {
    version: '1.1',
    schema: 'yaml-1.1',
    customTags: (tags) => tags.map(wordsOnly),
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
  });
  const [document, ...others] = documents;
  if (document === undefined || others.length > 0) throw unexpectedType('/');
  const [fault] = document.errors;
  if (fault) throw unparsable(fault.message);
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    // An alias without an anchor, or more aliases than anybody writes.
    throw unparsable(error instanceof Error ? error.message : String(error));
  }
}

/** Like SnakeYAML, which Vamp reads with, takes `yes` and `on` for a boolean but not `y` and `n`. */
function wordsOnly(tag: Tags[number]): Tags[number] {
  if (typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:bool' || !tag.test) return tag;
  return { ...tag, test: new RegExp(`(?=..)${tag.test.source}`) };
}

/** A node as JSON: dates as ISO 8601 text, bytes as base64, numbers that JSON lacks as their YAML text. */
export function toJson(node: Node): Json {
  if (node === undefined || node === null) return null;
  if (typeof node === 'number') return Number.isFinite(node) ? node : yamlNumber(node);
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
