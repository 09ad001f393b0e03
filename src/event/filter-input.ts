import type { Dialect, Instant, Plane, Severity } from './event.ts';
import type { Filter, SourceTest, Topic, TypePatterns } from './filter.ts';
import { globToRegex, isLiteral } from './glob.ts';
import { InputError, quoted } from './input-error.ts';
import { parseText } from './text.ts';
import { parseTimeRange, type TimeRangeInput } from './time-expression.ts';
import { parseTraitTest, type TraitFilterInput } from './trait-filter.ts';
import { readUuid } from './uuid.ts';

type Given<Value> = Value | null | undefined;

interface SourceFilterInput {
  readonly service?: Given<string>;
  readonly instance?: Given<string>;
  readonly endpoint?: Given<string>;
  readonly node?: Given<string>;
  readonly component?: Given<string>;
  readonly plane?: Given<Plane>;
  readonly layer?: Given<string>;
}

/** The API's EventFilter as a caller gives it: its strings are not parsed yet, and null means absent. */
export interface FilterInput {
  readonly ids?: Given<readonly string[]>;
  readonly namespaces?: Given<readonly string[]>;
  readonly categories?: Given<readonly string[]>;
  readonly actions?: Given<readonly string[]>;
  readonly types?: Given<readonly string[]>;
  readonly topics?: Given<readonly string[]>;
  readonly keys?: Given<readonly string[]>;
  readonly tags?: Given<readonly string[]>;
  readonly anyTags?: Given<readonly string[]>;
  readonly severities?: Given<readonly Severity[]>;
  readonly source?: Given<SourceFilterInput>;
  readonly time?: Given<TimeRangeInput>;
  readonly ended?: Given<boolean>;
  readonly traits?: Given<readonly TraitFilterInput[]>;
  readonly dialects?: Given<readonly Dialect[]>;
  readonly all?: Given<readonly FilterInput[]>;
  readonly any?: Given<readonly FilterInput[]>;
  readonly not?: Given<FilterInput>;
}

export interface FilterOptions {
  /** What `now` means in time expressions. */
  readonly now: Instant;
  /** The argument that holds the filter. */
  readonly path: readonly string[];
  /** Levels of all, any and not. */
  readonly maxDepth?: number;
}

const defaultFilterDepth = 8;
/** Limits of one filter with the filters inside it. Lists are counted before any entry is read. */
const filterLimits = {
  /** Entries of one list. */
  entries: 1_000,
  /** Entries of all lists. */
  allEntries: 5_000,
  /** Filters in all, any and not. */
  filters: 256,
} as const;

const maxGlobLength = 256;

type Path = readonly string[];

/** @throws InputError naming the argument at fault */
export function parseFilter(
  input: FilterInput,
  { now, path, maxDepth = defaultFilterDepth }: FilterOptions,
): Filter {
  let filters = 0;
  let allEntries = 0;
  return parse(input, path, maxDepth);

  function count(entries: number, nested: boolean, at: Path): void {
    allEntries += entries;
    if (nested) filters += entries;
    limit(entries, filterLimits.entries, at, `${at.at(-1)} may have at most`, 'entries');
    limit(
      allEntries,
      filterLimits.allEntries,
      at,
      'The lists of a filter may have at most',
      'entries',
    );
    limit(
      filters,
      filterLimits.filters,
      at,
      'all, any and not of a filter may have at most',
      'filters',
    );
  }

  function parse(given: FilterInput, at: Path, depthLeft: number): Filter {
    const nested = (inner: FilterInput, innerAt: Path): Filter => {
      if (depthLeft > 0) return parse(inner, innerAt, depthLeft - 1);
      throw new InputError(
        innerAt,
        `A filter may have at most ${maxDepth} levels of all, any and not.`,
      );
    };
    const list = <Key extends keyof FilterInput, Parsed>(
      name: Key,
      parseEntry: (entry: Entry<Key>, entryAt: Path) => Parsed,
    ) => {
      const entries = given[name] as Given<readonly Entry<Key>[]>;
      if (entries == null) return undefined;
      const listAt = [...at, name];
      count(entries.length, name === 'all' || name === 'any', listAt);
      return entries.map((entry, position) => parseEntry(entry, [...listAt, String(position)]));
    };
    const not = (inner: FilterInput): Filter => {
      const innerAt = [...at, 'not'];
      count(1, true, innerAt);
      return nested(inner, innerAt);
    };
    return present({
      ids: list('ids', parseId),
      namespaces: list('namespaces', parseText),
      categories: list('categories', parseText),
      actions: list('actions', parseText),
      types: given.types == null ? undefined : typePatterns(list('types', parsePattern) ?? []),
      topics: list('topics', parseTopic),
      keys: list('keys', parseText),
      tags: list('tags', parseText),
      anyTags: list('anyTags', parseText),
      severities: list('severities', (severity) => severity),
      source: given.source == null ? undefined : parseSource(given.source, [...at, 'source']),
      time: given.time == null ? undefined : parseTimeRange(given.time, now, [...at, 'time']),
      ended: given.ended ?? undefined,
      traits: list('traits', parseTraitTest),
      dialects: list('dialects', (dialect) => dialect),
      all: list('all', nested),
      any: list('any', nested),
      not: given.not == null ? undefined : not(given.not),
    });
  }
}

/** The type of a list's entries. */
type Entry<Key extends keyof FilterInput> =
  FilterInput[Key] extends Given<readonly (infer Item)[]> ? Item : never;

type Present<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

/** The fields that are not undefined. */
function present<Fields extends object>(fields: Fields): Present<Fields> {
  const given: Present<Fields> = {};
  for (const name in fields) {
    if (fields[name] !== undefined) given[name] = fields[name] as Present<Fields>[typeof name];
  }
  return given;
}

function limit(given: number, max: number, path: Path, sentence: string, unit: string): void {
  if (given <= max) return;
  throw new InputError(path, `${sentence} ${max} ${unit}, got ${given}.`);
}

/** The id of an event, in lower case. @throws InputError */
export function parseId(text: string, path: Path): string {
  const id = readUuid(text);
  if (id !== null) return id;
  throw new InputError(
    path,
    `${quoted(text)} is not a UUID such as 0192f0c4-5d1e-7c3b-8a7d-1f2e3d4c5b6a.`,
  );
}

function parsePattern(
  text: string,
  path: Path,
): { readonly glob: string; readonly negated: boolean } {
  const negated = text.startsWith('!');
  const glob = parseText(negated ? text.slice(1) : text, path);
  if (glob.length > maxGlobLength) {
    throw new InputError(path, `A type pattern has at most ${maxGlobLength} characters.`);
  }
  globToRegex(glob, path);
  return { glob, negated };
}

/** Exclusions alone match all else. */
function typePatterns(patterns: readonly ReturnType<typeof parsePattern>[]): TypePatterns {
  const globsOf = (negated: boolean) =>
    patterns.filter((pattern) => pattern.negated === negated).map(({ glob }) => glob);
  const wanted = globsOf(false);
  const unwanted = globsOf(true);
  const globs = wanted.length === 0 && unwanted.length > 0 ? ['*'] : wanted;
  return {
    exact: globs.filter(isLiteral),
    globs: globs.filter((glob) => !isLiteral(glob)),
    notExact: unwanted.filter(isLiteral),
    notGlobs: unwanted.filter((glob) => !isLiteral(glob)),
  };
}

/** The key is all behind the first colon; `Category:*` is `Category`. */
function parseTopic(text: string, path: Path): Topic {
  const topic = parseText(text, path);
  const colon = topic.indexOf(':');
  const category = colon === -1 ? topic : topic.slice(0, colon);
  const key = colon === -1 ? '*' : topic.slice(colon + 1);
  if (category === '' || key === '') {
    throw new InputError(
      path,
      `${quoted(text)} is not a topic: write Category, Category:key, *:key or *.`,
    );
  }
  return { category: category === '*' ? null : category, key: key === '*' ? null : key };
}

function parseSource(input: SourceFilterInput, path: Path): SourceTest {
  const text = (name: Exclude<keyof SourceFilterInput, 'plane'>): string | undefined => {
    const value = input[name];
    return value == null ? undefined : parseText(value, [...path, name]);
  };
  return present({
    service: text('service'),
    instance: text('instance'),
    endpoint: text('endpoint'),
    node: text('node'),
    component: text('component'),
    plane: input.plane ?? undefined,
    layer: text('layer'),
  });
}
