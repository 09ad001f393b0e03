import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Filter } from '../../src/event/filter.ts';
import type { Connection } from '../../src/store/database/connection.ts';
import { type OpenStore, openStore } from '../../src/store/open.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { report } from '../journal/report.ts';
import { countAll, put } from './harness.ts';

const migrations = new URL('../../prisma/migrations/', import.meta.url);

/** The last migration before events were divided into parts. */
const before = '0015_counts_after_events';

/** What `migrate` of that version leaves behind. */
async function migrateAsBefore(connection: Connection): Promise<void> {
  const names = (await readdir(migrations)).filter((name) => /^\d/.test(name) && name <= before);
  await connection.transaction(async ({ query, script }) => {
    await script(`CREATE TABLE "_prisma_migrations" ("id" VARCHAR(36) PRIMARY KEY NOT NULL, "checksum" VARCHAR(64) NOT NULL,
      "finished_at" TIMESTAMPTZ, "migration_name" VARCHAR(255) NOT NULL, "logs" TEXT, "rolled_back_at" TIMESTAMPTZ,
      "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(), "applied_steps_count" INTEGER NOT NULL DEFAULT 0)`);
    for (const name of names.sort()) {
      const text = await readFile(new URL(`${name}/migration.sql`, migrations), 'utf8');
      await script(text);
      await query(
        'INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name) VALUES ($1, $2, now(), $3)',
        [randomUUID(), createHash('sha256').update(text).digest('hex'), name],
      );
    }
  });
}

const counted = 'namespace, category, action, severity, dialect';

/** 300 events as that version writes them, of which it has counted 200. */
const fill = `INSERT INTO events (id, index, namespace, category, type, filter_keys, tags, traits, time, recorded_at, dialect)
    SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, n, 'default', 'Old', 'Old', '{}', '{t}', '[]',
      timestamptz '2026-01-01T00:00:00Z' + n * interval '1 minute', timestamptz '2026-01-01T00:00:00Z' + n * interval '1 minute', 'TIDINGS'
    FROM generate_series(1, 300) AS n;
  INSERT INTO event_counts (minutes, tag, bucket, key, ${counted}, count)
    SELECT minutes, tag, bucket,
      substring(sha256(convert_to(json_build_array(${counted})::text, 'UTF8')), 1, 16), ${counted}, count
    FROM (
      SELECT minutes, tag, date_bin(minutes * interval '1 minute', time, 'epoch') AS bucket, namespace,
        CASE tag WHEN '' THEN category ELSE '' END AS category, action, 'NORMAL' AS severity, dialect, count(*) AS count
      FROM events CROSS JOIN unnest('{1,60}'::smallint[]) AS minutes CROSS JOIN unnest(ARRAY['', 't']) AS tag
      WHERE index <= 200 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    ) AS summed;
  INSERT INTO event_types (namespace, category, action) VALUES ('default', 'Old', '');
  UPDATE journal_state SET stored_index = 300, rolled_index = 200, counted_to = 300`;

const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

interface Options {
  readonly databaseUrl: string | null;
  readonly dataDirectory: string;
}

/** A database of the version before events were divided into parts, for any database. */
export function upgradeContract(
  openHarness: () => Promise<
    { readonly options: Options; connect(): Promise<Connection> } & AsyncDisposable
  >,
): void {
  test.each([
    ['when the gateway starts', undefined],
    ['while the gateway runs', -1],
  ])(
    'the table of events of an earlier version becomes the first partition %s, with all that is in it and what was counted',
    async (_, maxQuickBytes) => {
      await using harness = await openHarness();
      {
        await using connection = await harness.connect();
        await migrateAsBefore(connection);
        await connection.transaction(({ script }) => script(fill));
      }
      const open = () =>
        openStore({
          ...harness.options,
          exclusive: true,
          log: createLog('silent'),
          ...(maxQuickBytes === undefined ? {} : { maxQuickBytes }),
        });
      {
        await using store = await open();
        expect(await store.rollupProgress()).toEqual({ rolledIndex: 200, storedIndex: 300 });
        await compare(store, 300);
        await complete(store, 7);
        await store.keepPartitions({ maxEvents: 0 });
        await compare(store, 300);
        await complete(store, 8);
        await put(store, [report({ category: 'New', time: february, recordedAt: february })]);
        await compare(store, 301);
        await countAll(store);
        await compare(store, 301);
      }
      await using store = await open();
      expect(await store.event(idOf(7))).toMatchObject({ message: 'completed', category: 'Old' });
      expect((await store.after(0, 1_000)).map(({ index }) => index)).toEqual([
        ...Array.from({ length: 300 }, (_, n) => n + 1).filter((n) => n !== 7 && n !== 8),
        301,
        302,
        303,
      ]);
      // Both completed ones were recorded later, and delay it.
      expect(await store.expire(Date.UTC(2026, 0, 2) * 1_000)).toBe(298);
      await compare(store, 3);
      expect(await store.totals(['Old', 'New'])).toEqual(
        new Map([
          ['Old', 300],
          ['New', 1],
        ]),
      );
      await store.keepPartitions({ maxEvents: 0 });
      expect(await store.expire(Date.UTC(2026, 2) * 1_000)).toBe(3);
      await compare(store, 0);
      expect(await store.totals(['Old', 'New'])).toEqual(
        new Map([
          ['Old', 300],
          ['New', 1],
        ]),
      );
    },
  );
}

const february = Date.UTC(2026, 1) * 1_000;

const complete = (store: OpenStore, n: number) =>
  put(store, [
    report({
      id: idOf(n),
      message: 'completed',
      severity: 'ERROR',
      time: february,
      recordedAt: february,
    }),
  ]);

/** Counts from rollups with those of rows. */
async function compare(store: OpenStore, events: number): Promise<void> {
  const rows: Filter = { not: { ids: [] } };
  expect(await store.count({})).toBe(events);
  expect(await store.count(rows)).toBe(events);
  for (const filter of [{ tags: ['t'] }, { severities: ['ERROR' as const] }]) {
    expect(await store.count(filter)).toBe(await store.count({ all: [filter, rows] }));
  }
  const histogram = (filter: Filter) =>
    store.aggregate({
      filter,
      measure: null,
      groupBy: [{ by: 'field', field: 'TYPE' }],
      intervalMicros: 3_600_000_000,
      timeZone: 'UTC',
      percentiles: [],
      limit: 10_000,
    });
  expect(await histogram({})).toEqual(await histogram(rows));
}
