import { type Event, type Trait, typeOf } from '../event/event.ts';
import type { Filter, SourceTest, Topic, TraitTest } from '../event/filter.ts';

/** A value that an event must have in a dimension. */
export interface Term {
  readonly dimension: Dimension;
  readonly value: string;
}

/** A property of events that filters compare for equality. */
export interface Dimension {
  /** An estimate of how many events share a value: 1 where each value is unique. Filters prefer the rare ones. */
  readonly commonness: number;
  /** Calls `use` with every value the event has. */
  readonly values: (event: Event, use: (value: string) => void) => void;
}

const field = (commonness: number, read: (event: Event) => string | null): Dimension => ({
  commonness,
  values(event, use) {
    const value = read(event);
    if (value !== null) use(value);
  },
});

const fields = {
  ids: field(1, ({ id }) => id),
  namespaces: field(50, ({ namespace }) => namespace),
  categories: field(20, ({ category }) => category),
  actions: field(20, ({ action }) => action),
  severities: field(200, ({ severity }) => severity),
  dialects: field(100, ({ dialect }) => dialect),
} satisfies Partial<Record<keyof Filter, Dimension>>;

const type = field(8, typeOf);
const key: Dimension = {
  commonness: 2,
  values(event, use) {
    if (event.key !== null) use(event.key);
    for (const other of event.filterKeys) if (other !== event.key) use(other);
  },
};
const tag: Dimension = {
  commonness: 4,
  values(event, use) {
    for (const each of event.tags) use(each);
  },
};
const trait: Dimension = {
  commonness: 3,
  values(event, use) {
    for (const each of event.traits) use(traitValue(each));
  },
};
const source = {
  service: field(10, (event) => event.source.service),
  instance: field(4, (event) => event.source.instance),
  endpoint: field(8, (event) => event.source.endpoint),
  node: field(10, (event) => event.source.node),
  component: field(20, (event) => event.source.component),
  plane: field(200, (event) => event.source.plane),
  layer: field(50, (event) => event.source.layer),
} satisfies Record<keyof SourceTest, Dimension>;

export const dimensions: readonly Dimension[] = [
  ...Object.values(fields),
  type,
  key,
  tag,
  trait,
  ...Object.values(source),
];

/** Equal for traits that EQ treats as equal: integers and floats compare with each other. */
function traitValue({ name, type: of, value }: Trait): string {
  const kind = of === 'TEXT' || of === 'DATETIME' ? of : 'NUMBER';
  return `${name}\0${kind}\0${value}`;
}

/**
 * The equality conditions of a filter, each as its alternatives: an event that matches has at least one term of every
 * condition. A condition without alternatives never matches. Empty: the filter has no such condition.
 */
export function conditionsOf(filter: Filter): readonly (readonly Term[])[] {
  return [
    ...byField(filter),
    ...byTypeOrKey(filter),
    ...byTag(filter),
    ...bySource(filter.source ?? {}),
    ...(filter.traits ?? [])
      .filter(isEquality)
      .map(({ name, operand }) => [
        { dimension: trait, value: traitValue({ name, ...operand } as Trait) },
      ]),
    ...(filter.all ?? []).flatMap(conditionsOf),
  ];
}

const terms = (dimension: Dimension, values: readonly string[]): readonly Term[] =>
  [...new Set(values)].map((value) => ({ dimension, value }));

function* byField(filter: Filter): Iterable<readonly Term[]> {
  for (const [name, dimension] of Object.entries(fields)) {
    const values = filter[name as keyof typeof fields];
    if (values !== undefined) yield terms(dimension, values);
  }
}

function* byTypeOrKey({ types, topics, keys }: Filter): Iterable<readonly Term[]> {
  if (keys !== undefined) yield terms(key, keys);
  if (types !== undefined && types.globs.length === 0) yield terms(type, types.exact);
  const ofTopics = topics?.map(topicTerm).filter((term) => term !== null);
  if (ofTopics !== undefined && ofTopics.length === topics?.length) yield ofTopics;
}

function topicTerm(topic: Topic): Term | null {
  if (topic.key !== null) return { dimension: key, value: topic.key };
  return topic.category === null ? null : { dimension: fields.categories, value: topic.category };
}

function* byTag({ tags, anyTags }: Filter): Iterable<readonly Term[]> {
  for (const value of tags ?? []) yield [{ dimension: tag, value }];
  if (anyTags !== undefined) yield terms(tag, anyTags);
}

function* bySource(wanted: SourceTest): Iterable<readonly Term[]> {
  for (const [name, value] of Object.entries(wanted)) {
    yield [{ dimension: source[name as keyof SourceTest], value }];
  }
}

const isEquality = (test: TraitTest): test is TraitTest & { op: 'EQ' } => test.op === 'EQ';
