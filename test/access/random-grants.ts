import fc from 'fast-check';

/** An event, as far as grants ask for it. */
export interface Made {
  readonly namespace: string;
  readonly category: string;
  readonly key: string;
  readonly severity: 'NORMAL' | 'ERROR';
  readonly tags: readonly string[];
  readonly size: number;
  /** Microseconds since 1970. */
  readonly time: number;
}

/** A filter of the API, as far as this test uses it. */
type ModelFilter =
  | { readonly severities: readonly string[] }
  | { readonly tags: readonly string[] }
  | { readonly traits: readonly [{ readonly name: 'size'; op: 'GTE'; value: { int: number } }] }
  | { readonly time: { readonly gte: string } }
  | { readonly not: ModelFilter }
  | { readonly any: readonly ModelFilter[] };

export interface Given {
  readonly actions: readonly ['READ'];
  readonly namespaces: readonly string[];
  readonly topics: readonly string[];
  readonly filter?: ModelFilter;
  readonly effect?: 'DENY';
  readonly hide?: readonly ('VALUE' | 'RAW' | 'TRAITS')[];
}

const matches = (filter: ModelFilter, event: Made): boolean => {
  if ('severities' in filter) return filter.severities.includes(event.severity);
  if ('tags' in filter) return filter.tags.every((tag) => event.tags.includes(tag));
  if ('traits' in filter) return event.size >= filter.traits[0].value.int;
  if ('time' in filter) return event.time >= Date.parse(filter.time.gte) * 1_000;
  if ('not' in filter) return !matches(filter.not, event);
  return filter.any.some((each) => matches(each, event));
};

const covers = ({ namespaces, topics, filter }: Given, event: Made): boolean =>
  namespaces.some((glob) =>
    glob.endsWith('*') ? event.namespace.startsWith(glob.slice(0, -1)) : glob === event.namespace,
  ) &&
  topics.some((topic) => {
    const [category, key = '*'] = topic.split(':');
    return ['*', event.category].includes(category ?? '') && ['*', event.key].includes(key);
  }) &&
  (filter === undefined || matches(filter, event));

export function isReadable(grants: readonly Given[], event: Made): boolean {
  const covering = grants.filter((grant) => covers(grant, event));
  return covering.length > 0 && covering.every(({ effect }) => effect !== 'DENY');
}

/** Times of events, and of the filters that ask for them. */
const moments = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z'];
const microsOf = (moment: string): number => Date.parse(moment) * 1_000;

/** Always readable: whoever was sent it was sent everything before it. */
export const last: Made = {
  namespace: 'last',
  category: 'Last',
  key: '',
  severity: 'NORMAL',
  tags: [],
  size: 0,
  time: microsOf(moments[0] ?? ''),
};
export const always: Given = { actions: ['READ'], namespaces: ['last'], topics: ['Last'] };

const some = <T>(...values: readonly T[]) => fc.subarray([...values], { minLength: 1 });

const filters: fc.Arbitrary<ModelFilter> = fc.letrec<{ filter: ModelFilter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 2 },
    fc.record({ severities: some('NORMAL', 'ERROR') }),
    fc.record({ tags: some('x', 'y', 'z') }),
    fc
      .nat(3)
      .map((int): ModelFilter => ({ traits: [{ name: 'size', op: 'GTE', value: { int } }] })),
    fc.record({ time: fc.record({ gte: fc.constantFrom(...moments) }) }),
    fc.record({ not: tie('filter') }),
    fc.record({ any: fc.array(tie('filter'), { minLength: 1, maxLength: 2 }) }),
  ),
})).filter;

const topics = some('*', 'Lamp', 'Fan', 'Lamp:k1', '*:k2');
export const given: fc.Arbitrary<Given> = fc.oneof(
  fc.record(
    {
      actions: fc.constant(['READ'] as const),
      namespaces: some('a', 'ab*', 'b', '*'),
      topics,
      filter: filters,
      hide: fc.subarray(['VALUE', 'RAW', 'TRAITS'] as const),
    },
    { requiredKeys: ['actions', 'namespaces', 'topics'] },
  ),
  // Never all that another grant allows: that is a mistake, which the policy file rejects.
  fc.record(
    {
      actions: fc.constant(['READ'] as const),
      namespaces: some('a*', 'b-*'),
      topics,
      filter: filters,
      effect: fc.constant('DENY' as const),
    },
    { requiredKeys: ['actions', 'namespaces', 'topics', 'effect'] },
  ),
);

export const event: fc.Arbitrary<Made> = fc.record({
  namespace: fc.constantFrom('a', 'ab', 'abc', 'b', 'b-1', 'c'),
  category: fc.constantFrom('Lamp', 'Fan'),
  key: fc.constantFrom('k1', 'k2'),
  severity: fc.constantFrom('NORMAL', 'ERROR'),
  tags: fc.subarray(['x', 'y', 'z']),
  size: fc.nat(3),
  time: fc.constantFrom(...moments).map(microsOf),
});

/** A grant over all events, whole, shows them whole; else what one of them hides is hidden of all. */
export function hiddenBy(grants: readonly Given[]): ReadonlySet<string> {
  const allowing = grants.filter(({ effect }) => effect !== 'DENY');
  const isWhole = ({ namespaces, topics, filter, hide = [] }: Given) =>
    namespaces.includes('*') && topics.includes('*') && !filter && hide.length === 0;
  return new Set(allowing.some(isWhole) ? [] : allowing.flatMap(({ hide = [] }) => hide));
}
