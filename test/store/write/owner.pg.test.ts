import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PostgresConnection } from '../../../src/store/database/postgres.ts';
import { openStore } from '../../../src/store/open.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { report } from '../../journal/report.ts';
import { postgresAvailable, startDatabase } from '../../postgres.ts';
import { empty, put } from '../harness.ts';

const migration = new URL('../../../prisma/migrations/0006_owner/migration.sql', import.meta.url);
const available = await postgresAvailable();

async function open() {
  const database = await startDatabase();
  const log = createLog('silent');
  const store = await openStore({
    databaseUrl: database.url,
    dataDirectory: '',
    exclusive: false,
    log,
  });
  const connection = new PostgresConnection(database.url, false, () => {});
  return {
    store,
    connection,
    async [Symbol.asyncDispose]() {
      await connection[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

test.skipIf(!available)(
  'a report that was acknowledged and is in conflict is kept with its index, content and reason until it expires',
  async () => {
    await using at = await open();
    const { store, connection } = at;
    const id = randomUUID();
    const raw = { nul: '\0', long: 2n ** 70n };
    await put(store, [report({ id, namespace: 'a' })]);
    await store.lease('me', 60_000);
    const foreign = report({ id, namespace: 'b', message: 'foreign', raw });
    const reports = [
      { index: 2, report: foreign },
      { index: 3, report: report() },
      { index: 5, report: { ...foreign, raw: null } },
    ];
    expect(await store.fill(reports, 1, 9, 'me')).toHaveLength(3);
    const rows = await connection.read(
      'SELECT index, body, reason FROM events_refused ORDER BY index',
    );
    expect(rows.map(([index]) => Number(index))).toEqual([2, 5]);
    expect(rows[0]?.[1]).toContain('"nul":"\\u0000","long":1180591620717411303424');
    expect(rows[0]?.[2]).toMatch(/another namespace/);
    await empty(store);
    expect(await connection.read('SELECT FROM events_refused')).toEqual([]);
  },
);

test.skipIf(!available)(
  'events that reports of several namespaces made before an id had an owner move to the first one’s',
  async () => {
    await using at = await open();
    const { store, connection } = at;
    const [id, untouched] = [randomUUID(), randomUUID()];
    const own = report({ id, namespace: 'a', message: 'own', time: 1.8e15 });
    const foreign = report({ id, namespace: 'b', tags: ['foreign'], time: 1.7e15 });
    await put(store, [own, report({ id: untouched, namespace: 'c' })]);
    const parts = [
      { index: 9, report: foreign },
      { index: 1, report: own },
    ];
    await connection.write(
      `UPDATE events SET namespace = 'b', index = 9, tags = '{foreign}', parts = $2::json WHERE id = $1`,
      [id, JSON.stringify(parts)],
    );
    for (let times = 0; times < 2; times += 1) {
      await connection.write(readFileSync(migration, 'utf8'));
    }
    expect(await store.event(id)).toMatchObject({ namespace: 'a', tags: ['foreign'], index: 9 });
    expect(await store.event(untouched)).toMatchObject({ namespace: 'c' });

    await put(store, [
      report({ id, namespace: 'b', message: 'again', time: 1.9e15 }),
      report({ id, namespace: 'a', tags: ['later'], time: 1.9e15 }),
    ]);
    expect(await store.event(id)).toMatchObject({
      namespace: 'a',
      message: 'own',
      tags: ['foreign', 'later'],
    });
  },
);
