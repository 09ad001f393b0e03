import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import type { Query } from '../../../src/store/database/connection.ts';
import { PostgresConnection } from '../../../src/store/database/postgres.ts';
import { type OpenStore, openStore } from '../../../src/store/open.ts';
import { maxSpanOf } from '../../../src/store/write/retention.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { report } from '../../journal/report.ts';
import { patienceMs } from '../../patience.ts';
import { postgresAvailable, startDatabase, startEmptyDatabase } from '../../postgres.ts';
import { countAll, empty, put } from '../harness.ts';

const begin = 1.7e15;
const options = { dataDirectory: '', exclusive: false, log: createLog('silent') };

const recordedIn = (partition: number, count: number) =>
  Array.from({ length: count }, (_, n) => report({ recordedAt: begin + partition * 1_000 + n }));

/** From now on the table `noticed` has the indexes of events that are deleted one by one. */
const notice = (write: Query) =>
  write(
    `CREATE TABLE noticed (index BIGINT);
     CREATE FUNCTION notice() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN INSERT INTO noticed VALUES (old.index); RETURN old; END $$;
     CREATE TRIGGER noticing BEFORE DELETE ON events FOR EACH ROW EXECUTE FUNCTION notice()`,
  );

const partitionsIn = async (query: Query): Promise<readonly unknown[]> =>
  (
    await query(
      `SELECT relname FROM pg_class WHERE relname ~ '^events_partition_\\d+$' AND relkind = 'r' ORDER BY relname`,
    )
  ).flat();

describe.skipIf(!(await postgresAvailable()))('Partitions of events over PostgreSQL', () => {
  test('a partition is begun when the current one is full, once by however many gateways', async () => {
    await using server = await startDatabase();
    const open = () => openStore({ ...options, databaseUrl: server.url });
    await using first = await open();
    await using second = await open();
    await using connection = new PostgresConnection(server.url, false, () => {});
    await put(first, recordedIn(0, 99));
    expect(await first.keepPartitions({ maxEvents: 100 })).toBeNull();
    await put(first, recordedIn(0, 1));
    const begun = await Promise.all(
      [first, second, first, second].map((s) => s.keepPartitions({ maxEvents: 100 })),
    );
    expect(begun.filter((partition) => partition !== null)).toEqual([1]);
    await put(second, recordedIn(1, 3));
    expect(await partitionsIn(connection.read)).toEqual([
      'events_partition_0',
      'events_partition_1',
    ]);
    expect(
      await connection.read('SELECT partition, count(*) FROM events GROUP BY 1 ORDER BY 1'),
    ).toEqual([
      ['0', '100'],
      ['1', '3'],
    ]);
  });

  test('a partition ends when its events were recorded over a span of time, unless they are few', async () => {
    await using server = await startDatabase();
    await using store = await openStore({ ...options, databaseUrl: server.url });
    const keep = (maxSpanMicros: number | null) =>
      store.keepPartitions({ maxSpanMicros, fewestEvents: 10 });
    expect(await keep(1)).toBeNull();
    await put(store, recordedIn(0, 9));
    expect(await keep(1)).toBeNull();
    await put(store, [report({ recordedAt: begin + 500 })]);
    expect(await keep(null)).toBeNull();
    expect(await keep(501)).toBeNull();
    expect(await keep(500)).toBe(1);
    // Of the new partition alone.
    await put(store, recordedIn(1, 10));
    expect(await keep(10)).toBeNull();
    expect(await keep(9)).toBe(2);
  });

  test('in steady use retention drops partitions and deletes nothing one by one, and keeps each event for a tenth longer at most', async () => {
    await using server = await startDatabase();
    await using store = await openStore({ ...options, databaseUrl: server.url });
    await using connection = new PostgresConnection(server.url, false, () => {});
    await notice(connection.write);
    const retention = 160;
    const step = 4;
    const open = randomUUID();
    let most = 0;
    for (let now = step; now <= 1.5 * retention; now += step) {
      const recordedAt = begin + now;
      // One is reported again and again: it has the even indexes.
      await put(store, [
        report({ recordedAt }),
        report({ id: open, recordedAt, message: `${now}` }),
      ]);
      await store.keepPartitions({ maxSpanMicros: maxSpanOf(retention), fewestEvents: 1 });
      await countAll(store);
      await store.expire(recordedAt - retention, retention / 10);
      const events = await store.after(0, 1_000);
      const longest = now - Math.min(...events.map((each) => each.recordedAt - begin));
      expect(longest).toBeLessThanOrEqual(retention * 1.1);
      expect(events).toHaveLength(longest / step + 2);
      expect(longest).toBeGreaterThanOrEqual(Math.min(retention, now - step));
      expect(await store.count({})).toBe(events.length);
      most = Math.max(most, (await partitionsIn(connection.read)).length);
    }
    expect(await connection.read('SELECT index FROM noticed WHERE index % 2 = 1')).toEqual([]);
    expect(most).toBeLessThanOrEqual(18);
    expect(await store.event(open)).toMatchObject({ recordedAt: begin + 1.5 * retention });
  });

  test.each([
    ['counts', (store: OpenStore) => store.rollUp()],
    ['deletes', (store: OpenStore) => store.expire(begin + 5)],
  ])(
    'whoever %s events waits for one that drops a partition before it locks the state of the journal',
    async (_, work) => {
      await using server = await startDatabase();
      await using store = await openStore({ ...options, databaseUrl: server.url });
      await using connection = new PostgresConnection(server.url, false, () => {});
      await put(store, recordedIn(0, 10));
      const dropping = new pg.Client(server.url);
      await dropping.connect();
      await dropping.query('BEGIN');
      await dropping.query('LOCK TABLE ONLY events IN ACCESS EXCLUSIVE MODE');
      const working = work(store);
      const waiting = `SELECT FROM pg_locks WHERE NOT granted AND relation = 'events'::regclass`;
      await vi.waitFor(async () => expect(await connection.read(waiting)).not.toEqual([]), {
        timeout: patienceMs,
      });
      await dropping.query('SELECT FROM journal_state FOR UPDATE NOWAIT');
      await dropping.query('COMMIT');
      await dropping.end();
      await working;
    },
  );

  test('a completed event moves to the current partition, and is counted there', async () => {
    await using server = await startDatabase();
    await using store = await openStore({ ...options, databaseUrl: server.url });
    await using connection = new PostgresConnection(server.url, false, () => {});
    const id = randomUUID();
    await put(store, [report({ id, message: 'begin' })]);
    await countAll(store);
    await store.keepPartitions({ maxEvents: 0 });
    await put(store, [report({ id, message: 'end' }), report()]);
    await countAll(store);
    expect(await connection.read('SELECT partition, message FROM events ORDER BY 2')).toEqual([
      ['1', 'end'],
      ['1', null],
    ]);
    expect(
      await connection.read(
        `SELECT partition, count FROM event_counts WHERE minutes = 60 AND by_type AND count <> 0 ORDER BY 1`,
      ),
    ).toEqual([['1', '2']]);
  });

  test('an expired partition is dropped as a whole, and what was counted of it is deleted', async () => {
    await using server = await startDatabase();
    await using store = await openStore({ ...options, databaseUrl: server.url });
    await using connection = new PostgresConnection(server.url, false, () => {});
    for (const partition of [0, 1, 2]) {
      await put(store, recordedIn(partition, 10));
      await store.keepPartitions({ maxEvents: 0 });
    }
    await countAll(store);
    await notice(connection.write);
    expect(await store.expire(begin + 2_005)).toBe(25);
    expect(await connection.read('SELECT index FROM noticed ORDER BY 1')).toEqual(
      [21, 22, 23, 24, 25].map((index) => [String(index)]),
    );
    expect(await partitionsIn(connection.read)).toEqual([
      'events_partition_2',
      'events_partition_3',
    ]);
    const counted = `SELECT partition, sum(count) FROM event_counts WHERE minutes = 60 AND by_type GROUP BY 1`;
    expect(await connection.read(counted)).toEqual([['2', '5']]);
    expect(
      await connection.read(
        `SELECT partition, expired_index, dropped_partitions, counted_to = stored_index + expired_index FROM journal_state`,
      ),
    ).toEqual([['3', '25', '{}', 't']]);
    // The last is dropped after it was emptied; the current partition stays.
    await empty(store);
    await store.expire(begin);
    expect(await partitionsIn(connection.read)).toEqual(['events_partition_3']);
  });

  test('counts of a dropped partition are in no answer, even before they are deleted', async () => {
    await using server = await startDatabase();
    await using store = await openStore({ ...options, databaseUrl: server.url });
    await using connection = new PostgresConnection(server.url, false, () => {});
    await put(store, recordedIn(0, 10));
    await store.keepPartitions({ maxEvents: 0 });
    await put(store, recordedIn(1, 3));
    await countAll(store);
    // As after a kill between the two.
    await connection.write(
      `WITH dropped AS (UPDATE journal_state SET dropped_partitions = '{0}', expired_index = 10, counted_to = counted_to + 10)
       DELETE FROM events WHERE partition = 0`,
    );
    expect(await store.count({})).toBe(3);
    const [row] = await store.aggregate({
      filter: {},
      measure: null,
      groupBy: [],
      intervalMicros: null,
      timeZone: 'UTC',
      percentiles: [],
      limit: 1,
    });
    expect(row?.count).toBe(3);
    await store.expire(begin);
    expect(await connection.read('SELECT DISTINCT partition FROM event_counts')).toEqual([['1']]);
    expect(await store.count({})).toBe(3);
  });

  test('many counts of a dropped partition are deleted in several steps, so that writers have their turn between', async () => {
    await using server = await startDatabase();
    await using store = await openStore({ ...options, databaseUrl: server.url });
    await using connection = new PostgresConnection(server.url, false, () => {});
    await store.keepPartitions({ maxEvents: 0 });
    await put(store, recordedIn(1, 3));
    await countAll(store);
    await connection.write(
      `INSERT INTO event_counts
       SELECT minutes, tag, bucket, n::text::bytea, namespace, category, action, severity, dialect, count, 0, by_type
       FROM (SELECT * FROM event_counts LIMIT 1) AS one CROSS JOIN generate_series(1, 100000) AS n`,
    );
    await connection.write(`UPDATE journal_state SET dropped_partitions = '{0}'`);
    await connection.write(
      `CREATE TABLE steps (deleted BIGINT);
       CREATE FUNCTION step() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN INSERT INTO steps SELECT count(*) FROM gone; RETURN NULL; END $$;
       CREATE TRIGGER stepping AFTER DELETE ON event_counts REFERENCING OLD TABLE AS gone
         FOR EACH STATEMENT EXECUTE FUNCTION step()`,
    );
    await store.expire(begin);
    const [row] = await connection.read('SELECT sum(deleted), max(deleted) FROM steps');
    expect(row?.[0]).toBe('100000');
    expect(Number(row?.[1])).toBeLessThan(50_000);
    expect(await connection.read('SELECT DISTINCT partition FROM event_counts')).toEqual([['1']]);
    expect(await connection.read('SELECT dropped_partitions FROM journal_state')).toEqual([['{}']]);
  });

  test('a partition with an event that is to be kept is not dropped, though its newest event has expired', async () => {
    await using server = await startDatabase();
    await using store = await openStore({ ...options, databaseUrl: server.url });
    await using connection = new PostgresConnection(server.url, false, () => {});
    await put(store, [
      report({ recordedAt: begin }),
      report({ recordedAt: begin + 50, message: 'kept' }),
      report({ recordedAt: begin + 1 }),
    ]);
    await store.keepPartitions({ maxEvents: 0 });
    await countAll(store);
    expect(await store.expire(begin + 10)).toBe(1);
    expect((await store.after(0, 10)).map(({ message }) => message)).toEqual(['kept', null]);
    expect(await partitionsIn(connection.read)).toEqual([
      'events_partition_0',
      'events_partition_1',
    ]);
  });

  test('whoever reads for long delays the dropping of a partition, and no writer meanwhile', async () => {
    await using server = await startDatabase();
    await using store = await openStore({ ...options, databaseUrl: server.url });
    await using connection = new PostgresConnection(server.url, false, () => {});
    await put(store, recordedIn(0, 10));
    await store.keepPartitions({ maxEvents: 0 });
    await countAll(store);
    const reader = new pg.Client(server.url);
    await reader.connect();
    await reader.query('BEGIN');
    await reader.query('SELECT count(*) FROM events');
    let isExpiring = true;
    const expiring = store.expire(begin + 100).finally(() => {
      isExpiring = false;
    });
    let written = 0;
    while (isExpiring) {
      await put(store, [report({ recordedAt: begin + 200 })]);
      written += 1;
    }
    // Its rows are deleted instead.
    expect(await expiring).toBe(10);
    expect(written).toBeGreaterThan(1);
    expect(await store.count({})).toBe(written);
    expect(await partitionsIn(connection.read)).toEqual([
      'events_partition_0',
      'events_partition_1',
    ]);
    await reader.query('COMMIT');
    await reader.end();
    await store.expire(begin + 100);
    expect(await partitionsIn(connection.read)).toEqual(['events_partition_1']);
    expect(await store.count({})).toBe(written);
  });

  test('events stay exact while gateways write, complete, count, begin partitions and drop them', async () => {
    await using server = await startDatabase();
    const open = () => openStore({ ...options, databaseUrl: server.url });
    await using writer = await open();
    await using deleter = await open();
    await using counter = await open();
    await using other = await open();
    let isWriting = true;
    let recorded = 0;
    const kept = randomUUID();
    const recent: string[] = [];
    const write = async () => {
      for (let batch = 0; batch < 80; batch++) {
        const completed = recent.splice(0, 3).map((id) => report({ id, message: 'completed' }));
        const fresh = Array.from({ length: 6 }, () => report({ id: randomUUID(), tags: ['a'] }));
        recent.push(...fresh.slice(0, 4).map(({ id }) => id));
        const all = [...completed, ...fresh, report({ id: kept, message: `${batch}` })];
        await put(
          batch % 2 === 0 ? writer : other,
          all.map((each) => ({ ...each, recordedAt: begin + recorded++, time: begin + recorded })),
        );
      }
      isWriting = false;
    };
    const repeat = async (work: () => Promise<unknown>) => {
      while (isWriting) await work();
    };
    await Promise.all([
      write(),
      repeat(() => deleter.expire(begin + recorded - 150)),
      repeat(() => counter.rollUp(7)),
      // Where it has to wait for a lock, the gateway tries again later.
      repeat(() =>
        other.keepPartitions({ maxEvents: 40 }).catch((error: unknown) => {
          if (!(error instanceof Unavailable)) throw error;
        }),
      ),
    ]);
    await countAll(counter);
    for (const filter of [{}, { tags: ['a'] }]) {
      const rows = { all: [filter, { not: { ids: [] } }] };
      expect(await counter.count(rows)).toBeGreaterThan(50);
      expect(await counter.count(filter)).toBe(await counter.count(rows));
    }
    const events = await counter.after(0, 10_000);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(events.at(-1)).toMatchObject({ id: kept, message: '79' });
    await using connection = new PostgresConnection(server.url, false, () => {});
    const partitions = await partitionsIn(connection.read);
    expect(partitions).not.toContain('events_partition_1');
    expect(partitions.length).toBeGreaterThan(1);
  });

  test('two gateways that drop the same partition at once drop it once', async () => {
    await using server = await startDatabase();
    const open = () => openStore({ ...options, databaseUrl: server.url });
    await using first = await open();
    await using second = await open();
    await put(first, recordedIn(0, 30));
    await first.keepPartitions({ maxEvents: 0 });
    await put(first, recordedIn(5, 2));
    await countAll(first);
    const deleted = await Promise.all([first, second].map((s) => s.expire(begin + 2_000)));
    expect(deleted[0]).toBeGreaterThanOrEqual(0);
    expect((deleted[0] ?? 0) + (deleted[1] ?? 0)).toBe(30);
    expect(await first.count({})).toBe(2);
    expect(await first.count({ not: { ids: [] } })).toBe(2);
    expect(await first.totals(['event'])).toEqual(new Map([['event', 32]]));
  });

  test('pages, feeds and lookups go through an index of each partition, in its order', async () => {
    await using server = await startDatabase();
    await using store = await openStore({ ...options, databaseUrl: server.url });
    await using connection = new PostgresConnection(server.url, false, () => {});
    for (const partition of [0, 1, 2]) {
      await put(store, recordedIn(partition, 50));
      if (partition < 2) await store.keepPartitions({ maxEvents: 0 });
    }
    const planned = async (text: string, values: readonly (string | number)[]) =>
      (await connection.lookUp(`EXPLAIN (COSTS OFF) ${text}`, values)).join('\n');
    const page = await planned(
      'SELECT id FROM events WHERE time > $1 ORDER BY time DESC, index DESC LIMIT 9',
      ['2020-11-21T00:00:00Z'],
    );
    const feed = await planned(
      'SELECT id FROM events WHERE index > $1 ORDER BY index LIMIT 9',
      [7],
    );
    for (const [plan, index] of [
      [page, /events_partition_\d_time_\w*idx/g],
      [feed, /events_partition_\d_index_key/g],
    ] as const) {
      expect(plan).toContain('Merge Append');
      expect(new Set(plan.match(index)).size).toBe(3);
      expect(plan).not.toMatch(/Seq Scan|Sort(?! Key)/);
    }
    const event = await planned('SELECT * FROM events WHERE id = $1', [randomUUID()]);
    expect(new Set(event.match(/Index Scan using events_partition_\d_pkey/g)).size).toBe(3);
    // New events are looked for in the current partition and the one before.
    const written = (
      await connection.write(
        `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT id FROM events
         WHERE id = ANY($1::uuid[]) AND partition >= (SELECT partition - 1 FROM journal_state)`,
        [[randomUUID()]],
      )
    ).join('\n');
    expect(written.match(/events_partition_\d_pkey.*never executed/g)).toEqual([
      expect.stringContaining('events_partition_0_pkey'),
    ]);
  });

  test('what an earlier version would write fails, and changes nothing', async () => {
    await using server = await startDatabase();
    await using store = await openStore({ ...options, databaseUrl: server.url });
    await using earlier = new PostgresConnection(server.url, false, () => {});
    await put(store, [report()]);
    await countAll(store);
    const state = () => earlier.read('SELECT * FROM journal_state');
    const unchanged = await state();
    // None of them is taken for an event that the database rejects, which would be set aside.
    await expect(
      earlier.write(
        `WITH moved AS (UPDATE journal_state SET stored_index = 2)
         INSERT INTO events (id, index) VALUES ($1::uuid, 2) ON CONFLICT (id) DO NOTHING`,
        [randomUUID()],
      ),
    ).rejects.toMatchObject({ code: '42P10' });
    await expect(
      earlier.write(
        `INSERT INTO event_counts (minutes, tag, bucket, key, namespace, category, action, severity, dialect, count)
         SELECT minutes, tag, bucket, 'a', namespace, category, action, severity, dialect, count FROM event_counts`,
      ),
    ).rejects.toMatchObject({ code: '23502' });
    expect(await state()).toEqual(unchanged);
  });

  test('while a large table is read through, that is reported at the start and each ten seconds', async () => {
    await using server = await startEmptyDatabase();
    await using store = await openStore({
      ...options,
      databaseUrl: server.url,
      maxQuickBytes: -1,
    });
    await put(store, [report()]);
    const reading = new pg.Client(server.url);
    await reading.connect();
    await reading.query('BEGIN; LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE');
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const onCheck = vi.fn();
    let keeping: Promise<unknown> = Promise.resolve();
    await new Promise<void>((resolve) => {
      onCheck.mockImplementation(resolve);
      keeping = store.keepPartitions({}, onCheck);
    });
    expect(onCheck.mock.calls).toEqual([[{ megabytes: 0, seconds: 0 }]]);
    vi.advanceTimersByTime(20_000);
    expect(onCheck).toHaveBeenCalledTimes(3);
    await reading.query('COMMIT');
    await reading.end();
    await keeping;
    vi.advanceTimersByTime(20_000);
    expect(onCheck).toHaveBeenCalledTimes(3);
    await store.keepPartitions({}, onCheck);
    expect(onCheck).toHaveBeenCalledTimes(3);
  });

  test('a large table becomes the first partition while the gateway runs, and reports go on meanwhile', async () => {
    await using server = await startEmptyDatabase();
    const opened = { ...options, databaseUrl: server.url, maxQuickBytes: -1 };
    await using store = await openStore(opened);
    await using other = await openStore(opened);
    await using connection = new PostgresConnection(server.url, false, () => {});
    const kind = async () =>
      (await connection.read(`SELECT relkind FROM pg_class WHERE relname = 'events'`))[0]?.[0];
    const id = randomUUID();
    await put(store, [report({ id, message: 'before' })]);
    await countAll(store);
    expect(await kind()).toBe('r');
    const writes = async () => {
      for (let n = 0; n < 30; n++) await put(store, [report({ id, message: `${n}` }), report()]);
    };
    await Promise.all([
      writes(),
      vi.waitFor(
        () =>
          Promise.all([
            store.keepPartitions({ maxEvents: 1e6 }),
            other.keepPartitions({ maxEvents: 1e6 }),
          ]),
        {
          timeout: patienceMs,
        },
      ),
    ]);
    expect(await kind()).toBe('p');
    expect(await store.event(id)).toMatchObject({ message: '29' });
    await countAll(store);
    expect(await store.count({})).toBe(31);
    expect(await store.count({ not: { ids: [] } })).toBe(31);
    expect(await partitionsIn(connection.read)).toEqual(['events_partition_0']);
  });
});
