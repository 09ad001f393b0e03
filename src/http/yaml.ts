import {
  Composer,
  CST,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  Lexer,
  type LineCounter,
  type Node,
  Parser,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { isJsonObject } from '../event/json.ts';
import { maxDocumentDepth } from '../event/json-depth.ts';

type Options = NonNullable<ConstructorParameters<typeof Composer>[0]>;

/** Limits of one YAML string: reading it takes about 2 us a token, and time for every alias. */
export interface YamlLimits {
  readonly maxBytes: number;
  /** Scalars, indicators, spaces and line breaks. */
  readonly maxTokens: number;
  readonly maxAliases: number;
}

/** For the body of a request. */
export const bodyLimits: YamlLimits = {
  maxBytes: 1024 * 1024,
  maxTokens: 50_000,
  maxAliases: 100,
};

/** For a file of the operator's. */
export const fileLimits: YamlLimits = {
  maxBytes: 16 * 1024 * 1024,
  maxTokens: 500_000,
  maxAliases: 1_000,
};

/** The YAML is beyond a limit; the message is a phrase: "has more than 100 aliases". */
export class YamlLimitError extends Error {
  override readonly name = 'YamlLimitError';
}

/**
 * The documents of a YAML string. Limits are checked while it is read, so that reading a longer one stops at the
 * limit. Syntax errors are in the documents' own `errors`.
 * @throws YamlLimitError
 */
export function parseYaml(
  text: string,
  options: Options & { readonly lineCounter?: LineCounter },
  limits: YamlLimits,
): Document.Parsed[] {
  if (text.length > limits.maxBytes || Buffer.byteLength(text) > limits.maxBytes) {
    throw new YamlLimitError(`has more than ${limits.maxBytes} bytes`);
  }
  const { lineCounter } = options;
  lineCounter?.addNewLine(0);
  const parser = new Parser(lineCounter?.addNewLine);
  // Otherwise each key of a mapping is compared with all others.
  const composer = new Composer({ ...options, uniqueKeys: false });
  const documents = [...composer.compose(boundedTokens(text, parser, limits))] as Document.Parsed[];
  for (const document of documents) resolveAliases(document);
  return documents;
}

/**
 * Finds what each alias stands for in one walk over the document. To count how often an alias repeats something, the
 * library would walk over all of it for every alias, and over every alias within.
 */
function resolveAliases(document: Document.Parsed): void {
  const anchored = new Map<string, Scalar | YAMLMap | YAMLSeq>();
  const aliasResolveCache: Node[] = [];
  const open: unknown[] = [document.contents];
  while (open.length > 0) {
    const next = open.pop();
    if (isPair(next)) {
      open.push(next.value, next.key);
      continue;
    }
    if (isCollection(next)) open.push(...next.items.toReversed());
    if (isAlias(next)) {
      const source = anchored.get(next.source);
      const resolve = next.resolve.bind(next);
      next.resolve = (within, context) =>
        context === undefined
          ? source
          : resolve(within, Object.assign(context, { aliasResolveCache }));
    } else if (isNode(next) && next.anchor !== undefined) anchored.set(next.anchor, next);
    else continue;
    aliasResolveCache.push(next);
  }
}

function* boundedTokens(text: string, parser: Parser, limits: YamlLimits) {
  const { maxTokens, maxAliases } = limits;
  let tokens = 0;
  let aliases = 0;
  let before = '';
  for (const lexeme of new Lexer().lex(text)) {
    if (++tokens > maxTokens) throw new YamlLimitError(`has more than ${maxTokens} tokens`);
    // A scalar, which may begin with an asterisk too, has a mark before it.
    if (lexeme.startsWith('*') && before !== CST.SCALAR && ++aliases > maxAliases) {
      throw new YamlLimitError(`has more than ${maxAliases} aliases`);
    }
    before = lexeme;
    yield* parser.next(lexeme);
    // The stack holds the document as well.
    if (parser.stack.length > maxDocumentDepth + 1) {
      throw new YamlLimitError(`is nested more than ${maxDocumentDepth} levels deep`);
    }
  }
  yield* parser.end();
}

/**
 * A document as JavaScript values, where an anchor within itself would be a cycle and an alias repeats everything
 * that its anchor contains. @throws YamlLimitError; and ReferenceError where an alias has no anchor
 */
export function readValue(
  document: Document.Parsed,
  { maxTokens, maxAliases }: YamlLimits,
): unknown {
  const value: unknown = document.toJS({ maxAliasCount: maxAliases });
  checkExpanded(value, maxTokens);
  return value;
}

/** The line of a value, or of the key where a mapping holds it; the nearest value around one that is missing. */
export function lineOf(
  document: Document,
  lines: LineCounter,
  path: readonly (string | number)[],
): number {
  for (let length = path.length; length > 0; length--) {
    const parent: unknown = document.getIn(path.slice(0, length - 1), true);
    const name = path[length - 1];
    const key = isMap(parent)
      ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(name))?.key
      : document.getIn(path.slice(0, length), true);
    if (isNode(key) && key.range) return lines.linePos(key.range[0]).line;
  }
  return 1;
}

/** Whether a value that was read, of YAML or of JSON, is a mapping. */
export const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  isJsonObject(value) && !(value instanceof Date);

/** Counts an aliased value wherever it is repeated, and follows the deepest branch first: a cycle ends at the limit. */
function checkExpanded(root: unknown, maxValues: number): void {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 1 }];
  let count = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next;
    if (depth > maxDocumentDepth + 1) {
      throw new YamlLimitError(`is nested more than ${maxDocumentDepth} levels deep`);
    }
    for (const inner of contentsOf(value)) {
      if (++count > maxValues) {
        throw new YamlLimitError(
          `has more than ${maxValues} values after its aliases are replaced`,
        );
      }
      open.push({ value: inner, depth: depth + 1 });
    }
  }
}

function contentsOf(value: unknown): Iterable<unknown> {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  if (Array.isArray(value) || value instanceof Set) return value;
  return value instanceof Map ? [...value.keys(), ...value.values()] : Object.values(value);
}
