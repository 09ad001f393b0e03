import type { EventSource, Instant, TypedValue } from '../../event/event.ts';
import type {
  Filter,
  SourceTest,
  TimeSpan,
  Topic,
  TraitTest,
  TypePatterns,
} from '../../event/filter.ts';
import { globToRegex } from '../../event/glob.ts';
import { InputError } from '../../event/input-error.ts';
import { formatInstant } from '../../event/instant.ts';
import { parseText } from '../../event/text.ts';
import type { Parameter } from '../database/connection.ts';
import { columnOf, traitFieldOf } from './event-rows.ts';

/** The values of a statement that is being written. */
export class Parameters {
  readonly values: Parameter[] = [];

  /** Adds a value and returns its placeholder, like $3::text. @throws InputError for a NUL, which PostgreSQL rejects */
  add(value: Parameter, type: string): string {
    for (const each of typeof value === 'object' ? (value ?? []) : [value]) {
      if (typeof each === 'string') parseText(each, ['filter']);
    }
    return `$${this.values.push(value)}::${type}`;
  }

  instant(instant: Instant): string {
    return this.add(formatInstant(instant), 'timestamptz');
  }
}

/** Whether the event's key or one of its filter keys is among these: as the index has it. */
const keyed = (keys: string) => `array_append(filter_keys, key) && ${keys}`;

const never = 'FALSE';

/** Values are parameters, never part of the SQL. */
export function whereOf(filter: Filter, parameters: Parameters): string {
  return and(conditionsOf(filter, parameters));
}

function conditionsOf(filter: Filter, to: Parameters): string[] {
  return [
    ...given(filter.ids, (ids) => oneOf('id', ids, 'uuid', to)),
    ...given(filter.namespaces, (namespaces) => oneOf('namespace', namespaces, 'text', to)),
    ...given(filter.namespaceGlobs, (globs) => inNamespaces(globs, to)),
    ...given(filter.categories, (categories) => ofCategories(categories, to)),
    ...given(filter.actions, (actions) => oneOf('action', actions, 'text', to)),
    ...given(filter.types, (types) => ofTypes(types, to)),
    ...given(filter.topics, (topics) => or(topics.map((topic) => ofTopic(topic, to)))),
    ...given(filter.keys, (keys) => keyed(to.add(keys, 'text[]'))),
    ...given(filter.tags, (tags) => `tags @> ${to.add(tags, 'text[]')}`),
    ...given(filter.anyTags, (tags) => `tags && ${to.add(tags, 'text[]')}`),
    ...given(filter.severities, ofSeverities),
    ...given(filter.source, (source) => fromSource(source, to)),
    ...given(filter.time, (time) => within(time, to)),
    ...given(filter.ended, (ended) => `end_time IS ${ended ? 'NOT NULL' : 'NULL'}`),
    ...given(filter.traits, (tests) => and(tests.map((test) => withTrait(test, to)))),
    ...given(filter.dialects, (dialects) => oneOf('dialect', dialects, 'text', to)),
    ...given(filter.all, (filters) => and(filters.map((each) => `(${whereOf(each, to)})`))),
    ...given(filter.any, (filters) => or(filters.map((each) => whereOf(each, to)))),
    // A missing field is NULL in SQL, and neither true nor false.
    ...given(filter.not, (inner) => `(${whereOf(inner, to)}) IS NOT TRUE`),
  ];
}

const given = <Value>(value: Value | undefined, condition: (value: Value) => string): string[] =>
  value === undefined ? [] : [condition(value)];

const and = (conditions: readonly string[]): string =>
  conditions.length === 0 ? 'TRUE' : conditions.join(' AND ');

const or = (conditions: readonly string[]): string =>
  conditions.length === 0 ? never : `(${conditions.map((each) => `(${each})`).join(' OR ')})`;

const inNamespaces = (globs: readonly string[], to: Parameters): string =>
  or(globs.map((glob) => `namespace ~ ${to.add(globToRegex(glob), 'text')}`));

/** A single value is compared, not looked up in a list, so that an index still gives the order of its next columns. */
function oneOf(column: string, values: readonly string[], type: string, to: Parameters): string {
  const [only] = values;
  return only !== undefined && values.length === 1
    ? `${column} = ${to.add(only, type)}`
    : `${column} = ANY(${to.add(values, `${type}[]`)})`;
}

/** The types of a category are one range of the index on types: from its name to the name with "/", the successor of ".". */
function ofCategories(categories: readonly string[], to: Parameters): string {
  const [only] = categories;
  if (only === undefined || categories.length > 1) return oneOf('category', categories, 'text', to);
  const [from, below] = [to.add(only, 'text'), to.add(`${only}/`, 'text')];
  return `category = ${from} AND type >= ${from} AND type < ${below}`;
}

function ofTypes({ exact, globs, notExact, notGlobs }: TypePatterns, to: Parameters): string {
  const like = (glob: string) => `type ~ ${to.add(globToRegex(glob), 'text')}`;
  const wanted = globs.includes('*')
    ? []
    : [or([...(exact.length > 0 ? [oneOf('type', exact, 'text', to)] : []), ...globs.map(like)])];
  const unwanted = [
    ...(notExact.length > 0 ? [`NOT ${oneOf('type', notExact, 'text', to)}`] : []),
    ...notGlobs.map((glob) => `NOT ${like(glob)}`),
  ];
  return and([...wanted, ...unwanted]);
}

const ofTopic = ({ category, key }: Topic, to: Parameters): string =>
  and([
    ...(category === null ? [] : [ofCategories([category], to)]),
    ...(key === null ? [] : [keyed(to.add([key], 'text[]'))]),
  ]);

/** An event without a severity counts as NORMAL. */
function ofSeverities(severities: NonNullable<Filter['severities']>): string {
  const [normal, error] = [severities.includes('NORMAL'), severities.includes('ERROR')];
  if (normal) return error ? 'TRUE' : `severity IS DISTINCT FROM 'ERROR'`;
  return error ? `severity = 'ERROR'` : never;
}

const fromSource = (source: SourceTest, to: Parameters): string =>
  and(
    Object.entries(source).map(
      ([field, value]) => `${columnOf[field as keyof EventSource]} = ${to.add(value, 'text')}`,
    ),
  );

const within = ({ from, to: until }: TimeSpan, to: Parameters): string =>
  and([
    ...(from === null ? [] : [`time >= ${to.instant(from)}`]),
    ...(until === null ? [] : [`time <= ${to.instant(until)}`]),
  ]);

/**
 * The planner can estimate a containment and look it up in an index. EQ is the containment of the trait itself; other
 * tests are the containment of its name and a path that checks the value.
 */
function withTrait(test: TraitTest, to: Parameters): string {
  const holding = (trait: Readonly<Record<string, string | number>>) => {
    const kept = Object.entries(trait).map(([field, value]) =>
      typeof value === 'string' ? [field, parseText(value, ['filter'])] : [field, value],
    );
    return `traits @> ${to.add(JSON.stringify([Object.fromEntries(kept)]), 'jsonb')}`;
  };
  const { name } = test;
  if (test.op === 'EXISTS') return holding({ name });
  if (test.op === 'EQ') {
    const { value } = test.operand;
    return or(fieldsFor(test.operand).map((field) => holding({ name, [field]: value })));
  }
  return `${holding({ name })} AND jsonb_path_exists(traits, ${to.add(traitPath(test), 'jsonpath')})`;
}

const maxContainedLength = 10_000;

const tooLong = (length: number): InputError =>
  new InputError(
    ['filter'],
    `A string to compare a trait with has at most ${maxContainedLength} characters, got ${length}.`,
  );

const comparisons = { EQ: '==', NE: '!=', LT: '<', LTE: '<=', GT: '>', GTE: '>=' } as const;

/**
 * A path that finds the trait where the test passes (PostgreSQL, 9.16.2: the SQL/JSON path language). It writes strings
 * as JavaScript does, compares them by code point, and is false for a missing field.
 */
const traitPath = (test: Exclude<TraitTest, { op: 'EXISTS' }>): string =>
  `$[*] ? (@.name == ${pathString(test.name)} && ${operation(test)})`;

/**
 * A string as paths and JSON write it. Lone surrogates become U+FFFD, as in stored events.
 * @throws InputError for a NUL
 */
export const pathString = (text: string): string => JSON.stringify(parseText(text, ['filter']));

function operation(test: Exclude<TraitTest, { op: 'EXISTS' }>): string {
  const { value: wanted } = test.operand;
  const value = typeof wanted === 'string' ? pathString(wanted) : JSON.stringify(wanted);
  if (test.op === 'PREFIX') return `@.text starts with ${value}`;
  // The flag q takes the string literally; it still becomes an automaton, whose size PostgreSQL bounds.
  if (test.op === 'CONTAINS') {
    if (value.length > maxContainedLength) throw tooLong(value.length);
    return `@.text like_regex ${value} flag "q"`;
  }
  const { op } = test;
  const compared = fieldsFor(test.operand).map((field) => `@.${field} ${comparisons[op]} ${value}`);
  return `(${compared.join(' || ')})`;
}

/** Whole numbers and others compare with each other. */
const fieldsFor = ({ type }: TypedValue): string[] =>
  type === 'INT' || type === 'FLOAT' ? ['int', 'float'] : [traitFieldOf(type)];
