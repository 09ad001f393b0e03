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

  /** What stands for the value in the statement: $3::text. @throws InputError for a NUL, which PostgreSQL does not take */
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

/** Values stand in the parameters, never in the text. */
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
    // What an event does not have is NULL in SQL, and neither true nor false.
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

/** A single value is compared, not looked up in a list, so that an index keeps its order behind it. */
function oneOf(column: string, values: readonly string[], type: string, to: Parameters): string {
  const [only] = values;
  return only !== undefined && values.length === 1
    ? `${column} = ${to.add(only, type)}`
    : `${column} = ANY(${to.add(values, `${type}[]`)})`;
}

/** The types of a category lie side by side: between it and what comes next behind its dot, so the index on types finds them. */
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

/** Who said nothing about severity reported something NORMAL. */
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
 * What the planner can estimate and look up in an index is a containment: of the very trait where it must equal
 * something, else of its name, and a path then finds whether it holds.
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

const longestContained = 10_000;

const tooLong = (length: number): InputError =>
  new InputError(
    ['filter'],
    `A text to compare a trait with has at most ${longestContained} characters, got ${length}.`,
  );

const comparisons = { EQ: '==', NE: '!=', LT: '<', LTE: '<=', GT: '>', GTE: '>=' } as const;

/**
 * A path that finds the trait where it holds (PostgreSQL, 9.16.2: the SQL/JSON path language). It writes texts as
 * JavaScript does, compares them by code point, and is false of what is not there.
 */
const traitPath = (test: Exclude<TraitTest, { op: 'EXISTS' }>): string =>
  `$[*] ? (@.name == ${pathString(test.name)} && ${operation(test)})`;

/**
 * A text as a path and JSON write it. Halves of surrogate pairs become U+FFFD, as in what is stored.
 * @throws InputError for a NUL
 */
export const pathString = (text: string): string => JSON.stringify(parseText(text, ['filter']));

function operation(test: Exclude<TraitTest, { op: 'EXISTS' }>): string {
  const { value: wanted } = test.operand;
  const value = typeof wanted === 'string' ? pathString(wanted) : JSON.stringify(wanted);
  if (test.op === 'PREFIX') return `@.text starts with ${value}`;
  // The flag q takes the text as it is; it still becomes an automaton, whose size PostgreSQL bounds.
  if (test.op === 'CONTAINS') {
    if (value.length > longestContained) throw tooLong(value.length);
    return `@.text like_regex ${value} flag "q"`;
  }
  const { op } = test;
  const compared = fieldsFor(test.operand).map((field) => `@.${field} ${comparisons[op]} ${value}`);
  return `(${compared.join(' || ')})`;
}

/** Whole numbers and others compare with each other. */
const fieldsFor = ({ type }: TypedValue): string[] =>
  type === 'INT' || type === 'FLOAT' ? ['int', 'float'] : [traitFieldOf(type)];
