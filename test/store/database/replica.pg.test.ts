import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OpenStore, openStore } from '../../../src/store/open.ts';
import type { Store } from '../../../src/store/store.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { report } from '../../journal/report.ts';
import {
  type PostgresServer,
  postgresAvailable,
  startDatabase,
  startPostgres,
} from '../../postgres.ts';
import { put } from '../harness.ts';

describe.skipIf(!(await postgresAvailable()))('A read replica', () => {
  let primary: PostgresServer;
  let replica: PostgresServer;
  let store: OpenStore;
  beforeAll(async () => {
    primary = await startPostgres();
    replica = await primary.startReplica();
    store = await openStore({
      databaseUrl: primary.url,
      readUrl: replica.url,
      dataDirectory: '',
      exclusive: true,
      log: createLog('silent'),
    });
  });
  afterAll(async () => {
    await store?.[Symbol.asyncDispose]();
    await replica?.[Symbol.asyncDispose]();
    await primary?.[Symbol.asyncDispose]();
  });

  const onReplica = async (statement: string) => {
    const client = new pg.Client({ connectionString: replica.url });
    await client.connect();
    try {
      return (await client.query({ text: statement, rowMode: 'array' })).rows;
    } finally {
      await client.end();
    }
  };
  const passedOver = () => store.replica?.passedOver ?? 0;
  const read = async (reader: Store) => ({
    count: await reader.count({}),
    rows: await reader.count({ keys: ['a'] }),
    page: (await reader.page({ filter: {}, order: 'INDEX_DESC', limit: 1 })).events[0]?.index,
  });
  const untilUsed = () =>
    expect
      .poll(async () => {
        await store.count({});
        return store.replica?.isUsed;
      })
      .toBe(true);

  test('answers queries, and each sees what was stored before it', async () => {
    for (let n = 1; n <= 20; n++) {
      const [written] = await put(store, [report({ key: 'a' })]);
      const reader = n % 2 === 0 ? store : store.for({ maxBusyMs: 60_000 });
      expect(await read(reader)).toEqual({ count: n, rows: n, page: written?.event.index });
    }
    await untilUsed();
    const [sessions] = await onReplica(
      `SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'tidings' AND query LIKE '%event%'`,
    );
    expect(sessions?.[0]).toBeGreaterThan(0);
  });

  test('is passed over while it is behind, and used again when it has caught up', async () => {
    await untilUsed();
    await onReplica('SELECT pg_wal_replay_pause()');
    try {
      const before = passedOver();
      const [written] = await put(store, [report({ key: 'a' })]);
      expect(await read(store)).toMatchObject({ page: written?.event.index });
      expect(passedOver()).toBeGreaterThan(before);
      expect(store.replica?.isUsed).toBe(false);
      expect(store.healthReason()).toBeNull();
    } finally {
      await onReplica('SELECT pg_wal_replay_resume()');
    }
    await untilUsed();
    const before = passedOver();
    expect(await store.count({})).toBe(await store.count({ keys: ['a'] }));
    expect(passedOver()).toBe(before);
  });

  test('answers queries while the primary is down; the primary answers them while it is down', async () => {
    await untilUsed();
    const stored = await read(store);
    await primary.stop();
    expect(await read(store)).toEqual(stored);
    await primary.start();
    await expect
      .poll(() =>
        store.write([], stored.page ?? 0).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await untilUsed();
    await replica.kill();
    expect(await read(store)).toEqual(stored);
    expect(store.replica?.isUsed).toBe(false);
    await replica.start();
    await untilUsed();
    expect(await read(store)).toEqual(stored);
  });

  test('an error of a statement is not asked of the primary again', async () => {
    await untilUsed();
    const before = passedOver();
    const asking = store.aggregate({
      filter: {},
      measure: null,
      groupBy: [],
      intervalMicros: 86_400_000_000,
      timeZone: 'x/y',
      percentiles: [],
      limit: 1,
    });
    await expect(asking).rejects.toThrow('x/y is not a time zone');
    expect(passedOver()).toBe(before);
  });
});

test.skipIf(!(await postgresAvailable()))(
  'a database of another journal is no replica, however many events it has',
  async () => {
    await using own = await startDatabase();
    await using other = await startDatabase();
    const options = { dataDirectory: '', exclusive: false, log: createLog('silent') };
    const open = (databaseUrl: string, readUrl: string | null) =>
      openStore({ ...options, databaseUrl, readUrl });
    await using others = await open(other.url, null);
    await others.journalId(randomUUID());
    await put(others, [report(), report(), report()]);
    await using store = await open(own.url, other.url);
    await put(store, [report()]);
    expect(await store.count({})).toBe(1);
    expect(store.replica?.isUsed).toBe(false);

    await store.journalId(randomUUID());
    await using again = await open(own.url, other.url);
    expect(await again.count({})).toBe(1);
    await using same = await open(own.url, own.url);
    expect(await same.count({})).toBe(1);
    expect(same.replica).toMatchObject({ isUsed: true, passedOver: 0 });
  },
);
