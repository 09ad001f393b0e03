import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Event } from '../../../src/event/event.ts';
import { everything } from '../../../src/event/filter.ts';
import { EmbeddedJournal } from '../../../src/journal/embedded.ts';
import { outageOf } from '../../../src/store/database/outage.ts';
import { PostgresConnection } from '../../../src/store/database/postgres.ts';
import { type OpenStore, openStore } from '../../../src/store/open.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { freeze } from '../../faults/freeze.ts';
import { report } from '../../journal/report.ts';
import { patienceMs } from '../../patience.ts';
import {
  type PostgresServer,
  postgresAvailable,
  startDatabase,
  startPostgres,
} from '../../postgres.ts';
import { put } from '../harness.ts';

const unavailable = { name: 'Unavailable' };
const patience = { timeout: patienceMs, interval: 50 };

const open = (url: string, exclusive = true): Promise<OpenStore> =>
  openStore({ databaseUrl: url, dataDirectory: '', exclusive, log: createLog('silent') });

describe.skipIf(!(await postgresAvailable()))('a database that goes down', () => {
  let server: PostgresServer;
  beforeEach(async () => {
    server = await startPostgres();
  });
  afterEach(() => server[Symbol.asyncDispose]());

  test.each(['stop', 'kill'] as const)('and comes back: %s', async (how) => {
    const store = await open(server.url);
    const [{ event } = {}] = await put(store, [report()]);
    expect(store.healthReason()).toBeNull();

    await server[how]();
    await vi.waitFor(() => expect(store.healthReason()).not.toBeNull(), patience);
    await expect(store.count(everything)).rejects.toMatchObject(unavailable);
    await expect(store.types(null)).rejects.toMatchObject(unavailable);
    await expect(store.write([], 1)).rejects.toMatchObject(unavailable);
    await expect(store.lease('a', 1_000)).rejects.toMatchObject(unavailable);
    expect(store.healthReason()).toMatch(/^The database cannot be reached: .+\.$/);

    await server.start();
    await vi.waitFor(() => expect(store.healthReason()).toBeNull(), patience);
    expect(await store.event(event?.id as string)).toEqual(event);
    expect(await store.types(null)).toHaveLength(1);
    expect(await put(store, [report()])).toHaveLength(1);
    await store[Symbol.asyncDispose]();
  });

  test('and stays connected, but answers nothing: an idle store is unhealthy within seconds', async () => {
    const store = await open(server.url);
    {
      using _ = freeze(server.pid);
      await vi.waitFor(
        () => expect(store.healthReason()).toMatch(/has not answered a write for \d+ s\.$/),
        patience,
      );
    }
    await vi.waitFor(() => expect(store.healthReason()).toBeNull(), patience);
    expect(await put(store, [report()])).toHaveLength(1);
    await store[Symbol.asyncDispose]();
  });

  test('a store opens before its database does, and then brings its tables up to date', async () => {
    await server.stop();
    const store = await open(server.url);
    expect(store.healthReason()).toMatch(/ECONNREFUSED/);
    await expect(store.count(everything)).rejects.toMatchObject(unavailable);
    const journal = await EmbeddedJournal.open(store);
    expect(journal.healthReason()).toMatch(/ECONNREFUSED/);
    await expect(journal.append([report()])).rejects.toMatchObject(unavailable);

    await server.start();
    await vi.waitFor(() => expect(journal.healthReason()).toBeNull(), patience);
    expect(await journal.append([report()])).toEqual([{ index: 1, duplicate: false }]);
    await journal[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });

  test('in a storm of reports: every acknowledged report is stored, and followers are notified once, in order', async () => {
    const store = await open(server.url);
    const journal = await EmbeddedJournal.open(store);
    const delivered: Event[] = [];
    journal.follow((changes) => delivered.push(...changes));
    const acknowledged = new Map<string, number>();
    let storming = true;
    let rejected = 0;
    const storm = async () => {
      while (storming) {
        const reports = Array.from({ length: 20 }, () => report());
        try {
          const appended = await journal.append(reports);
          for (const [n, { index }] of appended.entries())
            acknowledged.set(reports[n]?.id ?? '', index);
        } catch (error) {
          expect(error).toMatchObject(unavailable);
          rejected += 1;
          await new Promise(setImmediate);
        }
      }
    };
    const storms = Array.from({ length: 8 }, storm);
    for (const how of ['kill', 'stop'] as const) {
      const before = acknowledged.size;
      await vi.waitFor(() => expect(acknowledged.size).toBeGreaterThan(before + 2_000), patience);
      const rejectedBefore = rejected;
      await server[how]();
      await vi.waitFor(() => expect(rejected).toBeGreaterThan(rejectedBefore), patience);
      await server.start();
      await vi.waitFor(() => expect(journal.healthReason()).toBeNull(), patience);
    }
    storming = false;
    await Promise.all(storms);
    await vi.waitFor(
      async () => expect(journal.position).toBe(await journal.lastIndex()),
      patience,
    );

    const indexes = delivered.map(({ index }) => index);
    expect(indexes.every((index, n) => n === 0 || index > (indexes[n - 1] ?? 0))).toBe(true);
    expect(await store.count(everything)).toBe(delivered.length);
    const indexOfId = new Map(delivered.map(({ id, index }) => [id, index]));
    for (const [id, index] of acknowledged) expect(indexOfId.get(id)).toBe(index);
    await journal[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  }, 90_000);
});

describe.skipIf(!(await postgresAvailable()))('a database that has too much to do', () => {
  test('rejects what cannot wait, and counts as reachable', async () => {
    await using database = await startDatabase();
    const connection = new PostgresConnection(database.url, false, () => {});
    const slow = Array.from({ length: 8 }, () => connection.read('SELECT pg_sleep(7)'));
    const outage = await connection.read('SELECT 1').catch(outageOf);
    expect(outage).toEqual({
      reason: 'The database has too much to do to answer in time',
      unreachable: false,
    });
    expect(await connection.write('SELECT 1')).toEqual([['1']]);
    await Promise.all(slow);
    await connection[Symbol.asyncDispose]();
  });
});

describe.skipIf(!(await postgresAvailable()))('a database that one gateway has to itself', () => {
  test('rejects a second gateway with a sentence, until the first has closed it', async () => {
    await using database = await startDatabase();
    const first = await open(database.url);
    await expect(open(database.url)).rejects.toThrow(
      'Another gateway writes to this database: several gateways need both NATS_URL and DATABASE_URL.',
    );
    const waiting = open(database.url);
    await first[Symbol.asyncDispose]();
    const second = await waiting;
    expect(await put(second, [report()])).toHaveLength(1);
    await second[Symbol.asyncDispose]();
  });

  test('is open to several gateways that fill it by lease', async () => {
    await using database = await startDatabase();
    const stores = await Promise.all([open(database.url, false), open(database.url, false)]);
    const [first, second] = stores;
    expect((await first?.lease('a', 60_000))?.held).toBe(true);
    expect((await second?.lease('b', 60_000))?.held).toBe(false);
    await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));
  });
});
