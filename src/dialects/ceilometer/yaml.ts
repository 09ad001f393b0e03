import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  type YAMLMap,
} from 'yaml';
import { maxDocumentDepth } from '../../event/json-depth.ts';
import { fileLimits, parseYaml } from '../../http/yaml.ts';
import { repr } from './python/text.ts';
import { type Dict, setMember, type Value } from './python/value.ts';
import { plainScalar } from './yaml-scalar.ts';

/** A part of a YAML document and the line where it begins, from 1. */
export type YamlNode = { readonly line: number } & (
  | { readonly kind: 'scalar'; readonly value: Value }
  | { readonly kind: 'list'; readonly items: readonly YamlNode[] }
  | { readonly kind: 'mapping'; readonly entries: readonly YamlEntry[] }
);

export interface YamlEntry {
  readonly key: Value;
  readonly value: YamlNode;
}

/** PyYAML would not load this YAML. */
export class YamlError extends Error {
  override readonly name = 'YamlError';
  /** From 1. */
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** Reads YAML 1.1 as PyYAML's safe_load does: merge keys, `yes` and 010 included. @throws YamlError, YamlLimitError */
export function readYaml(text: string): YamlNode {
  const lines = new LineCounter();
  const options = { lineCounter: lines, schema: 'failsafe' } as const;
  const [document, ...others] = parseYaml(text, options, fileLimits);
  if (document === undefined) return { line: 1, kind: 'scalar', value: null };
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  const [error] = document.errors;
  if (error !== undefined) throw new YamlError(lineAt(error.pos[0]), error.message);
  const [other] = others;
  if (other !== undefined) {
    throw new YamlError(lineAt(other.range[0]), 'there is more than one document');
  }
  const reader = new Reader((node) => lineAt(node.range?.[0] ?? 0));
  return reader.read(document.contents, 1);
}

class Reader {
  readonly #lineOf: (node: Node) => number;
  /** The nodes that aliases stand for: the last anchor of the name before the alias. */
  readonly #anchors = new Map<string, Node>();
  /** Nodes that were read: each anchor once, whatever the number of its aliases; undefined while it is being read. */
  readonly #known = new Map<Node, YamlNode | undefined>();
  /** Levels of lists and mappings. */
  readonly #depths = new Map<YamlNode, number>();

  constructor(lineOf: (node: Node) => number) {
    this.#lineOf = lineOf;
  }

  read(node: unknown, line: number): YamlNode {
    if (node === null || node === undefined) return { line, kind: 'scalar', value: null };
    const known = this.#known.get(node as Node);
    if (known !== undefined) return known;
    if (this.#known.has(node as Node)) throw new YamlError(line, 'an anchor contains itself');
    this.#known.set(node as Node, undefined);
    const read = this.#fresh(node as Node);
    this.#checkDepth(read);
    this.#known.set(node as Node, read);
    return read;
  }

  /** Aliases nest anchors in each other: the values can be deeper than the document. @throws YamlError */
  #checkDepth(node: YamlNode): void {
    if (node.kind === 'scalar' || this.#depths.has(node)) return;
    const inner = node.kind === 'list' ? node.items : node.entries.map(({ value }) => value);
    const depth = inner.reduce((most, each) => Math.max(most, this.#depths.get(each) ?? 0), 0) + 1;
    if (depth > maxDocumentDepth) {
      throw new YamlError(node.line, `this is nested more than ${maxDocumentDepth} levels deep`);
    }
    this.#depths.set(node, depth);
  }

  #fresh(node: Node): YamlNode {
    const line = this.#lineOf(node);
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (target === undefined) throw new YamlError(line, `there is no anchor &${node.source}`);
      return this.read(target, line);
    }
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isSeq(node)) {
      return { line, kind: 'list', items: node.items.map((item) => this.read(item, line)) };
    }
    if (isMap(node)) return { line, kind: 'mapping', entries: this.#entries(node, line) };
    if (isScalar(node)) return { line, kind: 'scalar', value: scalar(node, line) };
    throw new YamlError(line, 'this is not supported');
  }

  /** Merged entries come first; a later entry of the same name replaces an earlier one in its place. */
  #entries(map: YAMLMap, line: number): readonly YamlEntry[] {
    const merged: YamlEntry[] = [];
    const own: YamlEntry[] = [];
    for (const pair of map.items) {
      const key = this.read(pair.key, line);
      if (isMerge(pair)) merged.push(...this.#merged(this.read(pair.value, key.line)));
      else if (key.kind !== 'scalar')
        throw new YamlError(key.line, 'a list or a mapping is no key');
      else own.push({ key: key.value, value: this.read(pair.value, key.line) });
    }
    const entries = new Map<Value, YamlEntry>();
    for (const entry of [...merged, ...own]) entries.set(entry.key, entry);
    return [...entries.values()];
  }

  #merged(node: YamlNode): readonly YamlEntry[] {
    if (node.kind === 'mapping') return node.entries;
    if (node.kind === 'list') {
      return node.items.toReversed().flatMap((item) => {
        if (item.kind === 'mapping') return item.entries;
        throw new YamlError(item.line, 'only mappings can be merged with <<');
      });
    }
    throw new YamlError(node.line, 'only mappings can be merged with <<');
  }
}

const isMerge = ({ key }: Pair): boolean =>
  isScalar(key) && key.type === 'PLAIN' && key.source === '<<';

const tags = 'tag:yaml.org,2002:';

function scalar(node: { value: unknown; type?: unknown; tag?: string }, line: number): Value {
  const text = String(node.value);
  const tag = node.tag?.startsWith(tags) ? node.tag.slice(tags.length) : node.tag;
  if (tag === undefined) return node.type === 'PLAIN' ? plainScalar(text) : text;
  if (tag === 'str' || tag === '!') return text;
  const value = plainScalar(text);
  if (['int', 'float', 'bool', 'null'].includes(tag) && typeof value !== 'string') return value;
  throw new YamlError(line, `!${tag} is not supported`);
}

const values = new WeakMap<YamlNode, Value>();

/** The node as a value, made once however many aliases repeat it; names of members become strings. */
export function toValue(node: YamlNode): Value {
  const known = values.get(node);
  if (known !== undefined) return known;
  const value = newValue(node);
  values.set(node, value);
  return value;
}

function newValue(node: YamlNode): Value {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(toValue);
  const dict: Dict = {};
  for (const { key, value } of node.entries) setMember(dict, keyText(key), toValue(value));
  return dict;
}

export const keyText = (key: Value): string => (typeof key === 'string' ? key : repr(key));

/** The value of a mapping's name; undefined where the node is not a mapping. */
export const memberOf = (node: YamlNode, name: string): YamlNode | undefined =>
  node.kind === 'mapping' ? node.entries.find(({ key }) => key === name)?.value : undefined;
