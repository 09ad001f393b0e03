import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test, vi } from 'vitest';
import { Database } from '../../../src/store/database/database.ts';
import { isRefusal } from '../../../src/store/database/outage.ts';
import { PgliteConnection } from '../../../src/store/database/pglite.ts';
import { PgliteThread } from '../../../src/store/database/pglite-thread.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { patienceMs } from '../../patience.ts';
import { dataDirectory, emptyDirectory } from '../../pglite.ts';

const patience = { timeout: patienceMs, interval: 50 };

test('an embedded database that breaks is down, and restarts with everything that was stored', async () => {
  await using directory = await dataDirectory();
  await using database = await Database.open(
    { databaseUrl: null, dataDirectory: directory.path, exclusive: true, log: createLog('silent') },
    async () => {},
  );
  await database.write(`INSERT INTO event_types VALUES ('Disk', 'Attach', 'default')`);

  const posted = vi.spyOn(Worker.prototype, 'postMessage');
  const broken = database.read('SELECT pg_sleep(60)');
  await vi.waitFor(() => expect(posted).toHaveBeenCalled());
  await (posted.mock.contexts[0] as Worker).terminate();
  posted.mockRestore();
  await expect(broken).rejects.toMatchObject({ name: 'Unavailable' });
  expect(database.healthReason()).toBe(
    'The database cannot be reached: The embedded database stopped.',
  );

  await vi.waitFor(() => expect(database.healthReason()).toBeNull(), patience);
  expect(await database.read('SELECT category, action FROM event_types')).toEqual([
    ['Disk', 'Attach'],
  ]);
});

test('a transaction runs alone on the embedded database, and is rolled back when it fails', async () => {
  await using directory = await dataDirectory();
  await using database = await Database.open(
    { databaseUrl: null, dataDirectory: directory.path, exclusive: true, log: createLog('silent') },
    async () => {},
  );
  const done: string[] = [];
  const first = database.transaction(async ({ query }) => {
    await query(`INSERT INTO event_types VALUES ('a', '', 'default')`);
    await query('SELECT pg_sleep(0.05)');
    done.push('first');
    throw new Error('on second thoughts');
  });
  const second = database.transaction(async ({ query }) => {
    done.push('second');
    return query('SELECT count(*) FROM event_types');
  });
  const read = database.read('SELECT count(*) FROM event_types').then((rows) => {
    done.push('read');
    return rows;
  });
  await expect(first).rejects.toThrow('on second thoughts');
  expect(await second).toEqual([['0']]);
  expect(await read).toEqual([['0']]);
  expect(done).toEqual(['first', 'second', 'read']);
});

test('the embedded database rejects values that are nested too deeply, and goes on', async () => {
  await using directory = await dataDirectory();
  await using connection = await PgliteConnection.open(directory.path, () => {});
  const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
  for (let times = 0; times < 2; times++) {
    const outcome = await connection.read('SELECT $1::jsonb', [deep]).catch((error) => error);
    expect(isRefusal(outcome)).toBe(true);
  }
  expect(await connection.read('SELECT 1')).toEqual([['1']]);
});

test('queries wait for an embedded database that starts slowly', async () => {
  await using directory = await dataDirectory();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const thread = new PgliteThread(join(directory.path, 'pgdata'), () => {});
    const answers = ['SELECT 1', 'SELECT 2'].map((statement) =>
      thread.ask({ kind: 'query', statement, parameters: [] }),
    );
    vi.advanceTimersByTime(60_000);
    expect(await Promise.allSettled(answers)).toMatchObject([
      { status: 'fulfilled' },
      { status: 'fulfilled' },
    ]);
    await thread.end();
  } finally {
    vi.useRealTimers();
  }
});

test('an interrupted first start is begun anew', async () => {
  await using directory = await emptyDirectory();
  const unfinished = join(directory.path, 'pgdata.new');
  await mkdir(unfinished);
  await writeFile(join(unfinished, 'PG_VERSION'), '18\n');
  await using database = await Database.open(
    { databaseUrl: null, dataDirectory: directory.path, exclusive: true, log: createLog('silent') },
    async () => {},
  );
  expect(await database.read('SELECT count(*) FROM event_types')).toEqual([['0']]);
  expect(await readdir(directory.path)).toContain('pgdata');
  expect(await readdir(directory.path)).not.toContain('pgdata.new');
});

test('a read of the embedded database that others wait for is interrupted, and the thread goes on', async () => {
  await using directory = await dataDirectory();
  await using connection = await PgliteConnection.open(directory.path, () => {});
  const session = async () =>
    (await connection.write('SELECT pg_backend_pid(), pg_postmaster_start_time()'))[0];
  const before = await session();
  const client = new AbortController();
  const endless = connection.read('SELECT count(*) FROM generate_series(1, 1e15)', [], {
    signal: client.signal,
  });
  const ended = endless.catch(({ name }: Error) => name);
  expect(await connection.read('SELECT 1')).toEqual([['1']]);
  expect(await connection.write('SELECT 2')).toEqual([['2']]);
  client.abort();
  expect(await ended).toBe('Busy');
  expect(await session()).toEqual(before);
});
