import { type Event, type EventSource, type Report, type Trait, typeOf } from './event.ts';
import type { Filter, Topic, TraitTest, TypePatterns } from './filter.ts';
import { compileGlob } from './glob.ts';

export type Matcher = (event: Event) => boolean;

/** Tests a report as the event that it makes if no other report has its id. It is not made for that: a copy costs more than the test. */
export type ReportMatcher = (event: Event | Report) => boolean;

/** Whether an event matches a filter, for one event; for many, compile the filter once. */
export const matchesFilter = (filter: Filter, event: Event): boolean =>
  compileFilter(filter)(event);

/**
 * A test for events that match a filter. It says the same as the store's SQL does of the same event: see
 * Filter for what each field means.
 */
export function compileFilter(filter: Filter): ReportMatcher {
  // The cheap and selective ones come first.
  const tests = [
    oneOf(filter.categories, ({ category }) => category),
    oneOf(filter.actions, ({ action }) => action),
    oneOf(filter.namespaces, ({ namespace }) => namespace),
    oneOf(filter.severities, ({ severity }) => severity ?? 'NORMAL'),
    oneOf(filter.dialects, ({ dialect }) => dialect),
    oneOf(filter.ids, ({ id }) => id),
    filter.time && within(filter.time),
    filter.ended === undefined ? undefined : endedIs(filter.ended),
    filter.source && fromSource(filter.source),
    filter.keys && underKeys(new Set(filter.keys)),
    filter.tags && taggedAll(filter.tags),
    filter.anyTags && taggedAny(new Set(filter.anyTags)),
    inNamespaces(filter.namespaceGlobs),
    filter.types && ofTypes(filter.types),
    filter.topics && ofTopics(filter.topics),
    ...(filter.traits ?? []).map(withTrait),
    filter.all && all(filter.all.map(compileFilter)),
    filter.any && any(filter.any.map(compileFilter)),
    filter.not && not(compileFilter(filter.not)),
  ];
  return all(tests.filter((test) => test !== undefined));
}

function all([first, ...others]: readonly ReportMatcher[]): ReportMatcher {
  if (first === undefined) return () => true;
  if (others.length === 0) return first;
  const rest = all(others);
  return (event) => first(event) && rest(event);
}

const any =
  (tests: readonly ReportMatcher[]): ReportMatcher =>
  (event) =>
    tests.some((test) => test(event));

const not =
  (test: ReportMatcher): ReportMatcher =>
  (event) =>
    !test(event);

function oneOf(
  values: readonly string[] | undefined,
  field: (event: Event | Report) => string | null,
): ReportMatcher | undefined {
  if (values === undefined) return undefined;
  const [only] = values;
  if (values.length === 1) return (event) => field(event) === only;
  const set: ReadonlySet<string | null> = new Set(values);
  return (event) => set.has(field(event));
}

const within =
  ({ from, to }: NonNullable<Filter['time']>): ReportMatcher =>
  ({ time }) =>
    (from === null || time >= from) && (to === null || time <= to);

const endedIs =
  (ended: boolean): ReportMatcher =>
  ({ endTime }) =>
    (endTime !== null) === ended;

function fromSource(wanted: NonNullable<Filter['source']>): ReportMatcher {
  const fields = Object.entries(wanted) as [keyof EventSource, string][];
  return ({ source }) => fields.every(([name, value]) => source[name] === value);
}

const underKeys =
  (keys: ReadonlySet<string>): ReportMatcher =>
  ({ key, filterKeys }) =>
    (key !== null && keys.has(key)) || filterKeys.some((other) => keys.has(other));

const taggedAll =
  (wanted: readonly string[]): ReportMatcher =>
  ({ tags }) =>
    wanted.every((tag) => tags.includes(tag));

const taggedAny =
  (wanted: ReadonlySet<string>): ReportMatcher =>
  ({ tags }) =>
    tags.some((tag) => wanted.has(tag));

function inNamespaces(globs: readonly string[] | undefined): ReportMatcher | undefined {
  if (globs === undefined) return undefined;
  const tests = globs.map((glob) => compileGlob(glob));
  return ({ namespace }) => tests.some((matches) => matches(namespace));
}

function ofTypes({ exact, globs, notExact, notGlobs }: TypePatterns): ReportMatcher {
  const wanted = new Set(exact);
  const wantedGlobs = globs.map((glob) => compileGlob(glob));
  const unwanted = new Set(notExact);
  const unwantedGlobs = notGlobs.map((glob) => compileGlob(glob));
  return (event) => {
    const type = 'type' in event ? event.type : typeOf(event);
    return (
      (wanted.has(type) || wantedGlobs.some((matches) => matches(type))) &&
      !unwanted.has(type) &&
      !unwantedGlobs.some((matches) => matches(type))
    );
  };
}

function ofTopics(topics: readonly Topic[]): ReportMatcher {
  const tests = topics.map(({ category, key }) =>
    all(
      [
        category === null ? undefined : oneOf([category], (event) => event.category),
        key === null ? undefined : underKeys(new Set([key])),
      ].filter((test) => test !== undefined),
    ),
  );
  return any(tests);
}

function withTrait(test: TraitTest): ReportMatcher {
  const { name } = test;
  const holds = traitHolds(test);
  return ({ traits }) => {
    const trait = traits.find((each) => each.name === name);
    return trait !== undefined && holds(trait);
  };
}

function traitHolds(test: TraitTest): (trait: Trait) => boolean {
  if (test.op === 'EXISTS') return () => true;
  if (test.op === 'PREFIX' || test.op === 'CONTAINS') {
    const { value } = test.operand;
    return test.op === 'PREFIX'
      ? (trait) => trait.type === 'TEXT' && trait.value.startsWith(value)
      : (trait) => trait.type === 'TEXT' && trait.value.includes(value);
  }
  const { operand } = test;
  const accepts = outcomes[test.op];
  if (operand.type === 'TEXT') {
    return (trait) => trait.type === 'TEXT' && accepts(compareText(trait.value, operand.value));
  }
  const moments = operand.type === 'DATETIME';
  return (trait) =>
    trait.type !== 'TEXT' &&
    (trait.type === 'DATETIME') === moments &&
    accepts(trait.value - operand.value);
}

/** What each operator makes of the order of a trait and its operand: negative where the trait is less. */
const outcomes = {
  EQ: (order: number) => order === 0,
  NE: (order: number) => order !== 0,
  LT: (order: number) => order < 0,
  LTE: (order: number) => order <= 0,
  GT: (order: number) => order > 0,
  GTE: (order: number) => order >= 0,
} as const;

/**
 * The order of strings by code points, which is that of their UTF-8 bytes. JavaScript's own is by UTF-16 units, in
 * which the surrogates (of characters above U+FFFF) come before U+E000 to U+FFFF.
 */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    if (a.charCodeAt(at) !== b.charCodeAt(at))
      return rank(a.charCodeAt(at)) - rank(b.charCodeAt(at));
  }
  return a.length - b.length;
}

/** A UTF-16 unit, with the surrogates behind all others. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
