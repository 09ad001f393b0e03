import { describe, expect, test } from 'vitest';
import { createLog } from '../../src/log.ts';
import { migrate } from '../../src/store/migrator.ts';
import { PostgresConnection } from '../../src/store/postgres.ts';
import { postgresAvailable, startDatabase } from '../postgres.ts';
import { schemaContract } from './schema-contract.ts';

describe.skipIf(!(await postgresAvailable()))('PostgreSQL', () => {
  schemaContract(async () => {
    const database = await startDatabase();
    return { ...database, connection: new PostgresConnection(database.url, false, () => {}) };
  });

  test('several gateways that start at once migrate once', async () => {
    await using database = await startDatabase();
    const connections = Array.from(
      { length: 4 },
      () => new PostgresConnection(database.url, false, () => {}),
    );
    await Promise.all(connections.map((each) => migrate(each, createLog('silent'))));
    const [first] = connections;
    expect(await first?.read('SELECT count(*) FROM _prisma_migrations')).toEqual([['1']]);
    await Promise.all(connections.map((each) => each[Symbol.asyncDispose]()));
  });

  test('a URL may name a schema, as Prisma’s do', async () => {
    await using database = await startDatabase();
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
