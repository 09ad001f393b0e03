import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Report } from '../../../src/event/event.ts';
import type { Filter } from '../../../src/event/filter.ts';
import { expandTags } from '../../../src/event/tags.ts';
import type { OpenStore } from '../../../src/store/open.ts';
import type { AggregateRequest, GroupField } from '../../../src/store/store.ts';
import { report } from '../../journal/report.ts';
import { countAll, empty, put } from '../harness.ts';

const second = 1_000_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const begin = Date.UTC(2026, 10, 20, 21, 58, 30) * 1_000;

/** Of Kathmandu, 5:45 ahead of UTC, from `begin` on. */
const midnight = -(3 * hour + 43 * minute + 30 * second);

/** Nothing that rollups hold, and true for every event: the rows of events are counted. */
const rowsOnly: Filter = { not: { ids: [] } };

const ids = Array.from({ length: 5 }, () => randomUUID());

/** Reports of few events: most complete an event, or correct its time, type, severity or tags. */
const reports: fc.Arbitrary<Report> = fc
  .record({
    id: fc.option(fc.constantFrom(...ids), { nil: undefined }),
    namespace: fc.constantFrom('a', 'b'),
    category: fc.constantFrom('event', 'Volume'),
    action: fc.constantFrom(null, 'Create', 'Delete'),
    severity: fc.constantFrom(null, 'NORMAL' as const, 'ERROR' as const),
    tags: fc
      .uniqueArray(fc.constantFrom('pool:gold', 'pool:tin', 'x', ''), { maxLength: 3 })
      .map(expandTags),
    dialect: fc.constantFrom('TIDINGS' as const, 'NOMAD' as const),
    // Around whole minutes and hours, midnight in Kathmandu, and over days.
    offset: fc.oneof(
      fc.constantFrom(0, 1, 29_999_999, 30_000_000, 90 * second - 1, 90 * second),
      fc.constantFrom(midnight - 1, midnight),
      fc.integer({ min: -3 * day, max: 3 * day }),
    ),
  })
  .map(({ offset, id, ...said }) =>
    report({ ...said, time: begin + offset, ...(id === undefined ? {} : { id }) }),
  );

type Step =
  | { readonly put: readonly Report[] }
  | { readonly expire: number; readonly grace: number }
  | { readonly rollUp: number }
  | 'rebuild';

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ put: fc.array(reports, { minLength: 1, maxLength: 9 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        expire: fc.integer({ min: 3, max: 20 }),
        grace: fc.constantFrom(0, 5, 100),
      }),
    },
    { weight: 2, arbitrary: fc.record({ rollUp: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 1, arbitrary: fc.constant('rebuild' as const) },
  ),
  { minLength: 2, maxLength: 10, size: 'max' },
);

/** The bounds of a span of time, from `begin` on. */
const from = fc.constantFrom(null, -4 * day, midnight, midnight + 1, -hour, 0, 29_999_999);
const to = fc.constantFrom(null, 4 * day, midnight - 1, 29_999_998, 29_999_999, 30_000_000, hour);

/** Most pass many events: what is compared should not be nothing. */
const conditions: fc.Arbitrary<Filter> = fc.constantFrom<Filter[]>(
  {},
  {},
  { namespaces: ['a'] },
  { namespaces: [] },
  { namespaceGlobs: ['?'] },
  { categories: ['Volume'] },
  { categories: ['event', 'Volume'] },
  { types: { exact: ['Volume'], globs: ['*.Create'], notExact: [], notGlobs: [] } },
  { types: { exact: [], globs: ['*'], notExact: ['Volume.Create'], notGlobs: [] } },
  { severities: ['ERROR'] },
  { severities: ['NORMAL'] },
  { tags: ['pool'] },
  { tags: ['x'] },
  { tags: ['x', 'pool'] },
  { tags: [''] },
  { anyTags: ['pool:gold'] },
  { anyTags: ['pool', 'x'] },
  { dialects: ['NOMAD'] },
  { topics: [{ category: 'Volume', key: null }] },
  { any: [{ severities: ['ERROR'] }, { not: { actions: ['Create'] } }] },
);

const filters: fc.Arbitrary<Filter> = fc
  .tuple(conditions, conditions, from, to)
  .map(([one, other, earliest, latest]) => ({
    ...one,
    all: [other],
    time: {
      from: earliest === null ? null : begin + earliest,
      to: latest === null ? null : begin + latest,
    },
  }));

const requests: fc.Arbitrary<AggregateRequest> = fc.record({
  filter: filters,
  measure: fc.constant(null),
  groupBy: fc
    .uniqueArray(
      fc.constantFrom<GroupField>('NAMESPACE', 'CATEGORY', 'ACTION', 'TYPE', 'SEVERITY', 'DIALECT'),
      { maxLength: 3 },
    )
    .map((fields) => fields.map((field) => ({ by: 'field' as const, field }))),
  intervalMicros: fc.constantFrom(null, 5 * minute, hour, 6 * hour, day, 7 * day),
  timeZone: fc.constantFrom('UTC', 'Asia/Kathmandu', 'America/New_York', 'NST'),
  percentiles: fc.constant([]),
  limit: fc.constant(5_000),
});

/** Statistics from rollups, for any database. */
export function rollupsContract(storeOf: () => OpenStore, runs: number): void {
  let store: OpenStore;
  beforeAll(() => {
    store = storeOf();
  });

  const finish = () => countAll(store);

  /** Minutes from `begin`: each report is recorded a minute after the one before. */
  let recorded = 0;
  const take = async (step: Step): Promise<void> => {
    if (step === 'rebuild') return store.rebuildRollups();
    if ('rollUp' in step) return void (await store.rollUp(step.rollUp));
    if ('expire' in step) {
      const { expire, grace } = step;
      return void (await store.expire(begin + (recorded - expire) * minute, grace * minute));
    }
    await put(
      store,
      step.put.map((each) => ({ ...each, recordedAt: begin + ++recorded * minute })),
    );
  };

  const compare = async (request: AggregateRequest): Promise<void> => {
    const filter = { all: [request.filter, rowsOnly] };
    expect(await store.aggregate(request)).toEqual(await store.aggregate({ ...request, filter }));
    expect(await store.count(request.filter)).toBe(await store.count(filter));
    const tags = async (wanted: Filter, prefix: string) =>
      (await store.tags({ filter: wanted, prefix, limit: 100 })).filter(({ tag }) => tag !== '');
    expect(await tags(request.filter, '')).toEqual(await tags(filter, ''));
    expect(await tags(request.filter, 'pool:')).toEqual(await tags(filter, 'pool:'));
  };

  describe('rollups', () => {
    test('count what rows count, after any history of completions, corrections, retention and rebuilding', async () => {
      const histories = fc.tuple(steps, fc.array(requests, { minLength: 6, maxLength: 6 }));
      await fc.assert(
        fc.asyncProperty(histories, async ([history, [during, ...after]]) => {
          await empty(store);
          await finish();
          for (const step of history) await take(step);
          await compare(during as AggregateRequest);
          await finish();
          for (const request of after) await compare(request);
          await store.rebuildRollups();
          await finish();
          for (const request of after) await compare(request);
        }),
        { numRuns: runs },
      );
    });

    test('an event that is completed twice in a batch, repeated or moved into another minute is counted once', async () => {
      await empty(store);
      await finish();
      const id = randomUUID();
      const first = report({ id, time: begin, category: 'a', tags: ['t'] });
      await put(store, [first, { ...first, severity: 'ERROR', endTime: begin + 1 }, first]);
      await put(store, [{ ...first, time: begin - hour, category: 'b', tags: ['u'] }]);
      expect(await store.count({ tags: ['t'] })).toBe(1);
      expect(await store.count({ time: { from: begin - 2 * minute, to: null } })).toBe(0);
      expect(await store.count({ categories: ['a'], severities: ['ERROR'] })).toBe(1);
      await empty(store);
      expect(await store.count({})).toBe(0);
    });
  });
}
