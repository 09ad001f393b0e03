import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Grant } from '../../src/access/policy.ts';
import { compileScope } from '../../src/access/scope.ts';
import { readable } from '../../src/access/scoped-store.ts';
import type { Filter } from '../../src/event/filter.ts';
import { compileFilter } from '../../src/event/matcher.ts';
import { change } from '../live/change.ts';

const namespaces = ['a', 'ab', 'b', 'tidings'];
const categories = ['Lamp', 'Fan', 'Audit'];

interface Given {
  readonly effect: 'ALLOW' | 'DENY';
  readonly actions: readonly ('READ' | 'READ_AUDIT' | 'ADMIN')[];
  readonly namespace: 'a' | 'b' | 'a*' | '*';
  readonly category: string | null;
}

const given: fc.Arbitrary<Given> = fc.record({
  effect: fc.constantFrom('ALLOW', 'ALLOW', 'DENY'),
  actions: fc.subarray(['READ', 'READ_AUDIT', 'ADMIN'] as const, { minLength: 1 }),
  namespace: fc.constantFrom('a', 'b', 'a*', '*'),
  category: fc.option(fc.constantFrom(...categories)),
});

const grantOf = ({ effect, actions, namespace, category }: Given): Grant => ({
  effect,
  actions,
  namespaces: [namespace],
  topics: ['*'],
  filter: category === null ? null : { categories: [category] },
  hide: [],
  events: {
    ...(namespace === 'a*' && { namespaceGlobs: [namespace] }),
    ...((namespace === 'a' || namespace === 'b') && { namespaces: [namespace] }),
    ...(category !== null && { all: [{ categories: [category] }] }),
  },
});

/** The model: what is said of grants, in as few words as there are. */
function mayRead(grants: readonly Given[], namespace: string, category: string): boolean {
  const action = namespace === 'tidings' && category === 'Audit' ? 'READ_AUDIT' : 'READ';
  const covering = grants.filter(
    (grant) =>
      (grant.actions.includes(action) || grant.actions.includes('ADMIN')) &&
      (grant.namespace === '*' ||
        grant.namespace === namespace ||
        (grant.namespace === 'a*' && namespace.startsWith('a'))) &&
      (grant.category === null || grant.category === category),
  );
  return (
    covering.some(({ effect }) => effect === 'ALLOW') &&
    !covering.some(({ effect }) => effect === 'DENY')
  );
}

const asked: fc.Arbitrary<Filter> = fc.oneof(
  fc.constant({}),
  fc.subarray(namespaces).map((some) => ({ namespaces: some })),
  fc.subarray(categories).map((some) => ({ categories: some })),
  fc.subarray(categories).map((some) => ({ all: [{ categories: some }], namespaces: ['a'] })),
);

test('a scope reads what its grants allow and none denies, and a filter within it no more', () => {
  fc.assert(
    fc.property(fc.array(given, { maxLength: 5 }), asked, (grants, filter) => {
      const scope = compileScope(grants.map(grantOf));
      const within = scope.read === 'NONE' ? () => false : compileFilter(readable(filter, scope));
      const matches = compileFilter(filter);
      for (const namespace of namespaces) {
        for (const category of categories) {
          const event = change({ namespace, category });
          const expected = mayRead(grants, namespace, category);
          expect(scope.mayRead(event), `${namespace} ${category}`).toBe(expected);
          expect(within(event)).toBe(expected && matches(event));
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

test('equal rights are equal values, in whatever order they are given', () => {
  fc.assert(
    fc.property(fc.array(given, { maxLength: 5 }), (grants) => {
      const [one, other] = [grants, [...grants].reverse()].map((list) =>
        compileScope(list.map(grantOf)),
      );
      expect(one?.key).toBe(other?.key);
      expect(one?.readKey).toBe(other?.readKey);
    }),
  );
});
