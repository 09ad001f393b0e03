import { expect, test } from 'vitest';
import { migrate } from '../../../src/store/database/migrator.ts';
import { PgliteConnection } from '../../../src/store/database/pglite.ts';
import { keepUp } from '../../../src/store/database/pglite-upkeep.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { dataDirectory } from '../../pglite.ts';

test('the embedded database is checkpointed and analyzed when there is enough to do', async () => {
  await using directory = await dataDirectory();
  await using connection = await PgliteConnection.open(directory.path, () => {});
  await migrate(connection, createLog('silent'));
  const cell = async (text: string) => (await connection.read(text))[0]?.[0];
  const checkpoint = () => cell('SELECT redo_lsn FROM pg_control_checkpoint()');
  const analyzed = () =>
    cell(`SELECT last_analyze IS NOT NULL AND last_vacuum IS NOT NULL
          FROM pg_stat_user_tables WHERE relname = 'events_partition_0'`);

  const first = await checkpoint();
  await keepUp(connection.write);
  expect(await checkpoint()).toBe(first);
  expect(await analyzed()).toBe('f');

  await connection.write('ALTER TABLE events ALTER message SET STORAGE EXTERNAL');
  await connection.write(`INSERT INTO events (id, index, namespace, category, type, filter_keys, message, tags,
      traits, time, recorded_at, dialect)
    SELECT gen_random_uuid(), n, 'n', 'c', 'c', '{}', repeat(md5(n::text), 250), '{}', '[]', now(), now(), 'TIDINGS'
    FROM generate_series(1, 12000) AS n`);
  await keepUp(connection.write);
  expect(await checkpoint()).not.toBe(first);
  expect(await analyzed()).toBe('t');
  expect(
    Number(await cell(`SELECT reltuples FROM pg_class WHERE relname = 'events_partition_0'`)),
  ).toBe(12_000);
  // One bound more than the number of parts that the values are divided into.
  expect(
    await cell(`SELECT array_length(histogram_bounds, 1) FROM pg_stats WHERE attname = 'id'`),
  ).toBe('26');
});
