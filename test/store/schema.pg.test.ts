import { describe, expect, test } from 'vitest';
import type { Parameter, Query } from '../../src/store/database/connection.ts';
import { migrate } from '../../src/store/database/migrator.ts';
import { PostgresConnection } from '../../src/store/database/postgres.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { postgresAvailable, startEmptyDatabase } from '../postgres.ts';
import { schemaContract } from './schema-contract.ts';
import { upgradeContract } from './upgrade-contract.ts';

describe.skipIf(!(await postgresAvailable()))('PostgreSQL', () => {
  schemaContract(async () => {
    const database = await startEmptyDatabase();
    return { ...database, connection: new PostgresConnection(database.url, false, () => {}) };
  });

  upgradeContract(async () => {
    const database = await startEmptyDatabase();
    return {
      ...database,
      options: { databaseUrl: database.url, dataDirectory: '' },
      connect: async () => new PostgresConnection(database.url, false, () => {}),
    };
  });

  test('several gateways that start at once migrate once', async () => {
    await using database = await startEmptyDatabase();
    const connections = Array.from(
      { length: 4 },
      () => new PostgresConnection(database.url, false, () => {}),
    );
    await Promise.all(connections.map((each) => migrate(each, createLog('silent'))));
    const [first] = connections;
    const applied = await first?.read(
      'SELECT count(*), count(DISTINCT migration_name) FROM _prisma_migrations',
    );
    const [[rows, migrations] = []] = applied ?? [];
    expect(Number(migrations)).toBeGreaterThan(0);
    expect(rows).toBe(migrations);
    await Promise.all(connections.map((each) => each[Symbol.asyncDispose]()));
  });

  test('lookups use an index by a cached plan; reads are planned each time', async () => {
    await using database = await startEmptyDatabase();
    await using connection = new PostgresConnection(database.url, false, () => {});
    await migrate(connection, createLog('silent'));
    const statement =
      'SELECT id FROM events WHERE time > $1 ORDER BY time DESC, index DESC LIMIT 9';
    const values = ['2026-11-21T00:00:00Z'];
    const plansOver = async (query: Query) => {
      for (let n = 0; n < 3; n += 1) await query(statement, values);
      const [row] = await query(
        'SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1',
        [statement],
      );
      return row;
    };
    const planned = (text: string, values: readonly Parameter[]) =>
      connection.lookUp(`EXPLAIN ${text}`, values).then((rows) => rows.join('\n'));
    expect(await planned(statement, values)).toContain(
      'Index Scan using events_partition_0_time_idx',
    );
    const holding = 'SELECT * FROM events WHERE tags @> $1::text[] LIMIT 9';
    expect(await planned(holding, [['a']])).toContain(
      'Bitmap Index Scan on events_partition_0_tags_idx',
    );
    expect(await plansOver(connection.lookUp)).toEqual(['2', '0']);
    expect(await plansOver(connection.read)).toEqual(['0', '2']);
  });

  test('instants are in UTC, whatever the database’s own time zone', async () => {
    await using database = await startEmptyDatabase();
    await using admin = new PostgresConnection(database.url, false, () => {});
    await admin.write(
      `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET TimeZone = ''Europe/Amsterdam''', current_database()); END $$`,
    );
    await using connection = new PostgresConnection(database.url, false, () => {});
    // Before 1937 that zone lay minutes and seconds off.
    const statement = `SELECT json_agg(timestamptz '1900-01-01T00:00:00Z')`;
    for (const query of [connection.read, connection.lookUp, connection.write]) {
      expect(await query(statement)).toEqual([['["1900-01-01T00:00:00+00:00"]']]);
    }
  });

  test('a URL may name a schema, as Prisma’s do', async () => {
    await using database = await startEmptyDatabase();
    await using first = new PostgresConnection(database.url, false, () => {});
    await first.write('CREATE SCHEMA tidings');
    await using connection = new PostgresConnection(
      `${database.url}?schema=tidings`,
      false,
      () => {},
    );
    await migrate(connection, createLog('silent'));
    expect(
      await first.read(
        `SELECT table_schema FROM information_schema.tables WHERE table_name = 'events'`,
      ),
    ).toEqual([['tidings']]);
  });
});
