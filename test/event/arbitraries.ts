import fc from 'fast-check';
import {
  dialects,
  type Event,
  type EventSource,
  type Json,
  planes,
  type Report,
  severities,
  type Trait,
  typeOf,
} from '../../src/event/event.ts';
import { traitOperators } from '../../src/event/filter.ts';
import { type FilterInput, parseFilter } from '../../src/event/filter-input.ts';
import { globToRegex } from '../../src/event/glob.ts';
import { formatInstant } from '../../src/event/instant.ts';
import { expandTags } from '../../src/event/tags.ts';
import type { TraitFilterInput } from '../../src/event/trait-filter.ts';

// Everything is drawn from small stores of values, so that filters match now and then, and that what is hard is among
// them: characters that SQL, LIKE, JSON, regular expressions and globs read in their own way, and both sides of the surrogates.

/** The moment around which the arbitrary instants lie: 2026-11-20T08:15:30Z. */
export const someday = 1_795_162_530_000_000;

const hardTexts = [
  'a',
  'A',
  'ab',
  'b',
  'a b',
  'a:b',
  'a.b',
  '10',
  '9',
  '%',
  '_',
  'a%b',
  "'",
  '"',
  '\\',
  '\\n',
  '\n',
  '*',
  '[a]',
  '{"a":1}',
  '{a,b}',
  'null',
  'é',
  'e\u0301',
  'ß',
  '\u{1f600}',
  '\u{10ffff}',
  '\uffff',
  '\ue000',
  '\ufb01',
] as const;

const characters = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 1 })
  .map((character) => (character === '\0' ? '0' : character));

/** A text of 1 to 256 characters that can be stored. */
export const strings = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...hardTexts) },
  {
    weight: 1,
    arbitrary: fc.string({ unit: characters, minLength: 1, maxLength: 40 }),
  },
);

/** Texts of which many are alike. */
const names = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'A', "a'%", 'é') },
  { weight: 1, arbitrary: strings },
);

/** Whole microseconds, most of them within a second of someday and few of them alike. */
const instants = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -3, max: 3 }).map((n) => someday + n * 250_001) },
  { weight: 2, arbitrary: fc.integer({ min: -8_520_336_000_000_000, max: someday }) },
  {
    weight: 1,
    // Before 1684 only milliseconds are exact.
    arbitrary: fc
      .integer({ min: -62_135_596_800_000, max: -9_100_000_000_000 })
      .map((ms) => ms * 1_000),
  },
);

const jsons: fc.Arbitrary<Json> = fc
  .jsonValue({ maxDepth: 3, stringUnit: characters })
  .map((value) => JSON.parse(JSON.stringify(value)));

const absentOr = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> =>
  fc.option(arbitrary, { nil: null });

const integers = fc.oneof(fc.integer({ min: -2, max: 10 }), fc.maxSafeInteger());
const floats = fc
  .oneof(
    fc.constantFrom(-1.5, 0, 1, 0.1, 10, 1e300, 5e-324),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  )
  // JSON has no negative zero.
  .map((value) => value + 0);

const traitNames = fc.constantFrom('a', 'b', 'a.b', "c'", 'ä');

const traits: fc.Arbitrary<readonly Trait[]> = fc.uniqueArray(
  fc.oneof(
    fc.record({ name: traitNames, type: fc.constant('TEXT' as const), value: strings }),
    fc.record({ name: traitNames, type: fc.constant('INT' as const), value: integers }),
    fc.record({ name: traitNames, type: fc.constant('FLOAT' as const), value: floats }),
    fc.record({ name: traitNames, type: fc.constant('DATETIME' as const), value: instants }),
  ),
  { maxLength: 4, selector: ({ name }) => name },
);

const sources: fc.Arbitrary<EventSource> = fc.record({
  service: absentOr(names),
  instance: absentOr(names),
  endpoint: absentOr(names),
  node: absentOr(names),
  component: absentOr(names),
  plane: absentOr(fc.constantFrom(...planes)),
  layer: absentOr(names),
});

const ids = fc.oneof(
  fc.uuid(),
  fc.constantFrom(
    '0192f0c4-5d1e-7c3b-8a7d-1f2e3d4c5b6a',
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
  ),
);
const categories = fc.oneof(fc.constantFrom('Volume', 'Pool', 'event'), strings).map(withoutDots);
const actions = fc.oneof(fc.constantFrom('Create', 'Delete', 'instance.resize.start'), strings);

function withoutDots(text: string): string {
  return text.replaceAll('.', '-');
}

const shared = {
  id: ids,
  namespace: fc.oneof(fc.constant('default'), strings),
  category: categories,
  action: absentOr(actions),
  source: sources,
  key: absentOr(names),
  filterKeys: fc.uniqueArray(names, { maxLength: 4 }),
  message: absentOr(strings),
  tags: fc.array(strings, { maxLength: 4 }).map(expandTags),
  traits,
  value: jsons,
  time: instants,
  recordedAt: fc.nat(1_000).map((n) => someday + n * 1_000),
  dialect: fc.constantFrom(...dialects),
  raw: jsons,
};

/** A report as `accept` makes them. */
export const reports: fc.Arbitrary<Report> = fc
  .record({
    ...shared,
    severity: absentOr(fc.constantFrom(...severities)),
    generatedId: fc.boolean(),
    length: absentOr(fc.nat(2_000_000)),
  })
  .map(({ length, ...report }) => ({ ...report, endTime: endOf(report.time, length) }));

/** An event as followers of the journal get it. */
export const events: fc.Arbitrary<Event> = fc
  .record({
    ...shared,
    severity: fc.constantFrom(...severities),
    index: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    length: absentOr(fc.nat(2_000_000)),
  })
  .map(({ length, ...event }) => ({
    ...event,
    type: typeOf(event),
    endTime: endOf(event.time, length),
  }));

/** Ends are whole milliseconds later, so that they are exact wherever the beginning is. */
const endOf = (time: number, length: number | null): number | null =>
  length === null ? null : time + length * 1_000;

const globs = fc.oneof(
  fc.constantFrom('*', 'Volume.*', '*.Create', 'Volume', '?*', '[!V]*', '[a-z]*', '*.*.*', 'event'),
  fc
    .array(fc.oneof(fc.constantFrom('*', '?', '[ab]', '[!a]', '.', '[[]', '[]]'), strings), {
      maxLength: 4,
    })
    .map((parts) => parts.join(''))
    .filter(isGlob),
);

function isGlob(text: string): boolean {
  try {
    return globToRegex(text).length > 0;
  } catch {
    return false;
  }
}

const operands = fc.oneof(
  strings.map((text) => ({ text })),
  integers.map((int) => ({ int })),
  floats.map((float) => ({ float })),
  instants.map((instant) => ({ dateTime: formatInstant(instant) })),
);

const traitFilters: fc.Arbitrary<TraitFilterInput> = fc.oneof(
  fc.record({ name: traitNames, op: fc.constant('EXISTS' as const) }),
  fc.record({
    name: traitNames,
    op: fc.constantFrom('PREFIX' as const, 'CONTAINS' as const),
    value: strings.map((text) => ({ text })),
  }),
  fc.record({
    name: traitNames,
    op: fc.constantFrom(
      ...traitOperators.filter((op) => !['EXISTS', 'PREFIX', 'CONTAINS'].includes(op)),
    ),
    value: operands,
  }),
);

const some = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.array(arbitrary, { maxLength: 3 });

const topics = fc
  .oneof(
    categories,
    fc.tuple(categories, strings).map(([category, key]) => `${category}:${key}`),
    strings.map((key) => `*:${key}`),
    fc.constant('*'),
  )
  .filter((topic) => !topic.startsWith(':'));

const bounds = instants.map((instant) => formatInstant(instant));
const ranges = fc.record({ gt: bounds, lte: bounds }, { requiredKeys: [] });

/** Filters as callers give them, with `all`, `any` and `not` up to a depth of 2. Each has few fields, so that events match. */
export const filterInputs: fc.Arbitrary<FilterInput> = filtersOfDepth(2);

function filtersOfDepth(depth: number): fc.Arbitrary<FilterInput> {
  const fields: { readonly [Name in keyof FilterInput]-?: fc.Arbitrary<FilterInput[Name]> } = {
    ids: some(ids),
    namespaces: some(fc.oneof(fc.constant('default'), strings)),
    categories: some(categories),
    actions: some(actions),
    types: some(fc.tuple(fc.constantFrom('', '!'), globs).map((parts) => parts.join(''))),
    topics: some(topics),
    keys: some(names),
    tags: some(strings),
    anyTags: some(strings),
    severities: some(fc.constantFrom(...severities)),
    source: fc.record(
      { service: names, node: names, plane: fc.constantFrom(...planes), layer: names },
      { requiredKeys: [] },
    ),
    time: ranges,
    ended: fc.boolean(),
    traits: fc.array(traitFilters, { maxLength: 2 }),
    dialects: some(fc.constantFrom(...dialects)),
    all: depth === 0 ? fc.constant(undefined) : some(filtersOfDepth(depth - 1)),
    any: depth === 0 ? fc.constant(undefined) : some(filtersOfDepth(depth - 1)),
    not: depth === 0 ? fc.constant(undefined) : filtersOfDepth(depth - 1),
  };
  return fc
    .subarray(Object.keys(fields) as (keyof FilterInput)[], { maxLength: 3 })
    .chain((names) =>
      fc.record<FilterInput>(Object.fromEntries(names.map((name) => [name, fields[name]]))),
    );
}

/** Parsed filters. */
export const filters = filterInputs.map((input) => parseFilter(input, { now: someday, path: [] }));
