import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { everything, type Filter } from '../../../src/event/filter.ts';
import type { Parameter, Query } from '../../../src/store/database/connection.ts';
import { Database } from '../../../src/store/database/database.ts';
import { type OpenStore, openStore } from '../../../src/store/open.ts';
import { aggregateEvents } from '../../../src/store/read/aggregate.ts';
import { countTags } from '../../../src/store/read/catalogue.ts';
import { Rollups } from '../../../src/store/read/rollups.ts';
import { countEvents } from '../../../src/store/read/search.ts';
import type { AggregateRequest, GroupField } from '../../../src/store/store.ts';
import { fillRollups } from '../../../src/store/write/rollup-fill.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { report } from '../../journal/report.ts';
import { postgresAvailable, startDatabase, type TestDatabase } from '../../postgres.ts';
import { put } from '../harness.ts';

const minute = 60_000_000;
const hour = 60 * minute;
const begin = Date.UTC(2026, 10, 20) * 1_000;

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'Recheck Cond'?: string;
  readonly Filter?: string;
  readonly Plans?: readonly Plan[];
}

describe.skipIf(!(await postgresAvailable()))('Rollups over PostgreSQL', () => {
  let server: TestDatabase;
  let store: OpenStore;
  let database: Database;
  beforeAll(async () => {
    server = await startDatabase();
    const options = { databaseUrl: server.url, dataDirectory: '', log: createLog('silent') };
    store = await openStore({ ...options, exclusive: false });
    database = await Database.open({ ...options, exclusive: false }, async () => {});
    const reports = Array.from({ length: 3_000 }, (_, n) =>
      report({
        category: 'Volume',
        action: n % 3 === 0 ? 'Create' : 'Delete',
        tags: n % 10 === 0 ? ['pool', 'pool:gold'] : [],
        time: begin + n * 7 * 1_000_000,
      }),
    );
    for (let from = 0; from < reports.length; from += 1_000) {
      if (from > 0) await store.keepPartitions({ maxEvents: 0 });
      await put(store, reports.slice(from, from + 1_000));
    }
    await fillRollups(store, { signal: new AbortController().signal, onProgress: () => {} });
    await put(store, [report({ category: 'Volume', time: begin })]);
    await database.write('ANALYZE');
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  /** Every scan of a table in the plans of the statements that `ask` makes. */
  const plansOf = async (ask: (query: Query) => Promise<unknown>): Promise<Plan[]> => {
    const scans: Plan[] = [];
    const visit = (plan: Plan) => {
      if (plan['Relation Name'] !== undefined) scans.push(plan);
      plan.Plans?.forEach(visit);
    };
    const query: Query = async (statement, parameters: readonly Parameter[] = []) => {
      const explain = `EXPLAIN (FORMAT JSON) ${typeof statement === 'string' ? statement : statement.text}`;
      const [row] = await database.read(explain, parameters);
      const [{ Plan: plan }] = JSON.parse(row?.[0] ?? '') as [{ Plan: Plan }];
      visit(plan);
      return database.read(statement, parameters);
    };
    await ask(query);
    return scans;
  };

  /** How these statements reach their tables, or all partitions of one: `table by index`. */
  const scansOf = async (ask: (query: Query) => Promise<unknown>): Promise<string[]> => {
    const scans = (await plansOf(ask)).map((plan) => {
      const { 'Relation Name': table, 'Index Name': index, 'Node Type': node } = plan;
      const bitmapOf = plan.Plans?.find((child) => 'Index Name' in child)?.['Index Name'];
      const scan = `${table} by ${index ?? bitmapOf ?? node}`;
      // The same index is named by its columns in a partition that is not the first.
      return scan.replaceAll(/_partition_\d+/g, '').replace('_time_index_idx', '_time_idx');
    });
    return [...new Set(scans)].filter((scan) => /^event/.test(scan)).sort();
  };

  /** What matches in the conditions of the statements' scans. */
  const conditionsOf = async (ask: (query: Query) => Promise<unknown>, which: RegExp) => {
    const scans = await plansOf(ask);
    const conditions = scans.map(
      (scan) => `${scan['Index Cond']} ${scan['Recheck Cond']} ${scan.Filter}`,
    );
    return [...new Set(conditions.flatMap((each) => each.match(which) ?? []))].sort();
  };

  /** The lengths of the buckets in the rollups that these statements read. */
  const minutesOf = (ask: (query: Query) => Promise<unknown>) =>
    conditionsOf(ask, /minutes = \d+/g);

  const request: AggregateRequest = {
    filter: everything,
    measure: null,
    groupBy: [{ by: 'field', field: 'TYPE' }],
    intervalMicros: hour,
    timeZone: 'UTC',
    percentiles: [],
    limit: 1_000,
  };
  const aggregate = (said: Partial<AggregateRequest>) => (query: Query) =>
    aggregateEvents(query, new Rollups(), { ...request, ...said });
  const count = (filter: Filter) => (query: Query) => countEvents(query, new Rollups(), filter);

  const counts = /^event_counts by /;
  const uncounted = 'events by events_index_key';

  test('counts of whole minutes are read from rollups, and from the events that are not yet in them', async () => {
    for (const ask of [
      aggregate({}),
      aggregate({ intervalMicros: minute, filter: { categories: ['Volume'] } }),
      aggregate({
        intervalMicros: 24 * hour,
        timeZone: 'Europe/Berlin',
        filter: span(0, 3 * hour),
      }),
      aggregate({
        filter: { all: [{ namespaces: ['default'] }, { tags: ['pool:gold'] }] },
        groupBy: [{ by: 'field', field: 'SEVERITY' }],
      }),
      count(everything),
      (query: Query) => countTags(query, new Rollups(), { filter: {}, prefix: 'p', limit: 10 }),
      count({ severities: ['NORMAL'], ...span(hour, 2 * hour) }),
    ]) {
      const scans = await scansOf(ask);
      const others = scans.filter((scan) => !counts.test(scan));
      // Both ends of a span, and what is older than whole minutes: of each less than a minute, by its time.
      const ends = 'events by events_time_idx';
      expect(others.filter((scan) => scan !== ends)).toEqual([uncounted]);
      expect(scans.length).toBeGreaterThan(others.length);
    }
    expect(await scansOf(count({ tags: ['pool:gold'] }))).toEqual([
      'event_counts by event_counts_pkey',
      uncounted,
    ]);
  });

  test('histograms of everything and of a tag, and their counts, read rollups of minutes or of hours, not both', async () => {
    const ofTag = { tags: ['pool:gold'] };
    const histogram = (intervalMicros: number, filter: Filter) =>
      aggregate({ intervalMicros, filter, groupBy: [] });
    for (const [length, ask] of [
      [1, histogram(minute, everything)],
      [1, histogram(5 * minute, everything)],
      [1, histogram(minute, ofTag)],
      [60, histogram(hour, everything)],
      [60, histogram(hour, ofTag)],
      [60, histogram(24 * hour, everything)],
      [60, count(everything)],
      [60, count(ofTag)],
    ] as const) {
      const scans = await scansOf(ask);
      expect(scans.filter((scan) => !counts.test(scan))).toEqual([uncounted]);
      expect(await minutesOf(ask)).toEqual([`minutes = ${length}`]);
    }
    // The hours in the span, and the minutes before and after them.
    const time = span(minute, 3 * hour);
    expect(await minutesOf(count(time))).toEqual(['minutes = 1', 'minutes = 60']);
  });

  test('counts by type are read only where types are asked for', async () => {
    const byFields = (...fields: GroupField[]) =>
      aggregate({ groupBy: fields.map((field) => ({ by: 'field', field })) });
    for (const [byType, ask] of [
      [false, byFields()],
      [false, byFields('NAMESPACE', 'SEVERITY', 'DIALECT')],
      [false, count(everything)],
      [false, count({ severities: ['ERROR'], tags: ['pool:gold'] })],
      [true, byFields('CATEGORY')],
      [true, byFields('SEVERITY', 'ACTION')],
      [true, count({ not: { categories: ['Volume'] } })],
    ] as const) {
      const conditions = await conditionsOf(ask, /by_type = \w+/g);
      expect(conditions).toEqual([`by_type = ${byType}`]);
    }
  });

  test('what rollups do not hold is counted from events', async () => {
    for (const ask of [
      aggregate({ intervalMicros: 90 * 1_000_000 }),
      aggregate({ measure: { of: 'duration' } }),
      aggregate({ groupBy: [{ by: 'field', field: 'KEY' }] }),
      aggregate({ groupBy: [{ by: 'tagGroup', group: 'pool' }] }),
      count({ tags: ['pool', 'pool:gold'] }),
      aggregate({ filter: { tags: ['pool'] } }),
      count({ tags: ['pool'], categories: ['Volume'] }),
      (query: Query) =>
        countTags(query, new Rollups(), { filter: { tags: ['pool'] }, prefix: '', limit: 10 }),
      count({ keys: ['a'] }),
      count({ not: { tags: ['pool'] } }),
      count({ any: [span(0, hour)] }),
      count(span(1_000_000, minute)),
    ]) {
      expect((await scansOf(ask)).some((scan) => counts.test(scan))).toBe(false);
    }
  });

  test('events that are in no rollup yet are counted one by one, and none twice', async () => {
    await store.rebuildRollups();
    const rollups = new Rollups();
    const counted = await scansOf((query) => countEvents(query, rollups, everything));
    expect(counted.some((scan) => scan.startsWith('events by'))).toBe(true);
    expect(await countEvents(database.read, rollups, everything)).toBe(3_001);
    await store.rollUp(1_000);
    expect(await store.rollupProgress()).toEqual({ rolledIndex: 1_000, storedIndex: 3_001 });
    expect(await countEvents(database.read, new Rollups(), everything)).toBe(3_001);
    await put(store, [report({ time: begin })]);
    const reported: string[] = [];
    await fillRollups(store, {
      signal: new AbortController().signal,
      onProgress: ({ rolledIndex }, isDone) => reported.push(`${rolledIndex} ${isDone}`),
    });
    expect(reported).toEqual(['1000 false', '3002 true']);
    expect(await scansOf(count(everything))).toEqual([
      'event_counts by event_counts_pkey',
      uncounted,
    ]);
    expect(await countEvents(database.read, new Rollups(), everything)).toBe(3_002);
  });

  test('where very many events are in no rollup yet, as after an upgrade, rollups are not read', async () => {
    await database.write('UPDATE journal_state SET rolled_index = stored_index - 50001');
    const rollups = new Rollups();
    // The first answer says so by itself; for those that follow it is known.
    expect(await countEvents(database.read, rollups, everything)).toBe(3_002);
    const scans = await scansOf((query) => countEvents(query, rollups, everything));
    expect(scans.some((scan) => counts.test(scan))).toBe(false);
    // Nor is what they hold meanwhile taken for the span of the events.
    await database.write(`INSERT INTO event_counts
      SELECT minutes, tag, timestamptz '1990-01-01', key, namespace, category, action, severity, dialect, count, partition, by_type FROM event_counts WHERE NOT by_type LIMIT 1`);
    const said = { ...request, groupBy: [], intervalMicros: minute };
    const rows = await aggregateEvents(database.read, new Rollups(), said);
    expect(rows.reduce((sum, row) => sum + row.count, 0)).toBe(3_002);
    await store.rebuildRollups();
  });
});

test.skipIf(!(await postgresAvailable()))(
  'counts stay exact while one gateway completes events, another deletes old ones and a third counts anew',
  async () => {
    await using server = await startDatabase();
    const options = { databaseUrl: server.url, dataDirectory: '', log: createLog('silent') };
    const open = () => openStore({ ...options, exclusive: false });
    await using writer = await open();
    await using deleter = await open();
    await using counter = await open();
    let isWriting = true;
    let recorded = 0;
    const ids = Array.from({ length: 40 }, () => randomUUID());
    const write = async () => {
      for (let batch = 0; batch < 60; batch++) {
        await put(
          writer,
          Array.from({ length: 10 }, (_, n) =>
            report({
              id: ids[(batch * 7 + n * 3) % ids.length] as string,
              message: `${batch} ${n}`,
              category: `${n % 3}`,
              tags: ['a', `b${batch % 5}`],
              time: begin + ((batch * 13 + n) % 50) * minute,
              recordedAt: begin + recorded++,
            }),
          ),
        );
      }
      isWriting = false;
    };
    const remove = async () => {
      while (isWriting) await deleter.expire(begin + recorded - 25);
    };
    const count = async () => {
      for (let round = 0; isWriting; round++) {
        if (round % 9 === 0) await counter.rebuildRollups();
        await counter.rollUp(3);
      }
    };
    await Promise.all([write(), remove(), count()]);
    const signal = new AbortController().signal;
    await fillRollups(counter, { signal, onProgress: () => {} });
    const statistics = async (filter: Filter) => [
      await counter.count(filter),
      await counter.aggregate({
        filter,
        measure: null,
        groupBy: [{ by: 'field', field: 'TYPE' }],
        intervalMicros: minute,
        timeZone: 'UTC',
        percentiles: [],
        limit: 1_000,
      }),
    ];
    for (const filter of [{}, { tags: ['a'] }, { tags: ['b1'] }] satisfies Filter[]) {
      const ofRows = await statistics({ all: [filter, { not: { ids: [] } }] });
      expect(ofRows[0]).toBeGreaterThan(0);
      expect(await statistics(filter)).toEqual(ofRows);
    }
  },
);

test.skipIf(!(await postgresAvailable()))(
  'what a gateway of an earlier version writes or deletes meanwhile is counted',
  async () => {
    await using server = await startDatabase();
    const options = { databaseUrl: server.url, dataDirectory: '', log: createLog('silent') };
    await using store = await openStore({ ...options, exclusive: false });
    await using earlier = await Database.open({ ...options, exclusive: false }, async () => {});
    const ids = Array.from({ length: 4 }, () => randomUUID());
    const fill = () =>
      fillRollups(store, { signal: new AbortController().signal, onProgress: () => {} });
    const countOfTypes = async () =>
      (await store.aggregate({ ...ofTypes, filter: {} })).map(({ group: [type], count }) => [
        type,
        count,
      ]);
    await put(
      store,
      ids.map((id, n) => report({ id, category: 'a', time: begin, recordedAt: begin + n })),
    );
    expect(await countOfTypes()).toEqual([['a', 4]]);

    // As versions without rollups do: the index moves with the event, and nothing is counted.
    await earlier.write(`WITH moved AS (UPDATE journal_state SET stored_index = 5)
      UPDATE events SET index = 5, category = 'b', type = 'b' WHERE index = 4`);
    const written = [
      ['a', 3],
      ['b', 1],
    ];
    expect(await countOfTypes()).toEqual(written);
    await put(store, [report({ category: 'c', time: begin, recordedAt: begin + 5 })]);
    expect(await countOfTypes()).toEqual([...written, ['c', 1]]);
    expect(await store.rollupProgress()).toEqual({ rolledIndex: 0, storedIndex: 6 });
    await fill();
    expect(await store.rollupProgress()).toEqual({ rolledIndex: 6, storedIndex: 6 });
    expect(await countOfTypes()).toEqual([...written, ['c', 1]]);

    await earlier.write(`WITH moved AS (UPDATE journal_state SET expired_index = 2)
      DELETE FROM events WHERE index <= 2`);
    const kept = [
      ['a', 1],
      ['b', 1],
      ['c', 1],
    ];
    expect(await countOfTypes()).toEqual(kept);
    await store.expire(begin + 3);
    expect(await countOfTypes()).toEqual(kept.slice(1));
    await fill();
    expect(await countOfTypes()).toEqual(kept.slice(1));
    const counted = `SELECT sum(count) FROM event_counts WHERE minutes = 60 AND by_type`;
    expect(await earlier.read(counted)).toEqual([['2']]);
    expect(await store.rollupProgress()).toEqual({ rolledIndex: 6, storedIndex: 6 });
  },
);

const ofTypes: Omit<AggregateRequest, 'filter'> = {
  measure: null,
  groupBy: [{ by: 'field', field: 'TYPE' }],
  intervalMicros: null,
  timeZone: 'UTC',
  percentiles: [],
  limit: 1_000,
};

const span = (from: number, to: number): Filter => ({
  time: { from: begin + from, to: begin + to },
});
