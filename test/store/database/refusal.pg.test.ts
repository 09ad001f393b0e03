import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isRefusal } from '../../../src/store/database/outage.ts';
import { PostgresConnection } from '../../../src/store/database/postgres.ts';
import { postgresAvailable, startDatabase, type TestDatabase } from '../../postgres.ts';

describe.skipIf(!(await postgresAvailable()))('values that PostgreSQL always rejects', () => {
  let database: TestDatabase;
  let connection: PostgresConnection;
  beforeAll(async () => {
    database = await startDatabase();
    connection = new PostgresConnection(database.url, false, () => {});
    await connection.write(
      'CREATE TABLE taken (text text UNIQUE, size int NOT NULL CHECK (size < 9))',
    );
  });
  afterAll(async () => {
    await connection[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  test.each([
    ['a NUL', `INSERT INTO taken VALUES (convert_from('\\x6100', 'UTF8'), 1)`],
    ['bytes that are not UTF-8', `INSERT INTO taken VALUES (convert_from('\\xff', 'UTF8'), 1)`],
    ['a NUL within JSON', `SELECT '"\\u0000"'::jsonb`],
    ['a date out of range', `SELECT timestamptz 'epoch' + 1e9 * interval '1 year'`],
    ['a number out of range', `SELECT '1e999'::float8`],
    ['JSON that is too deep', `SELECT (repeat('[', 100000) || repeat(']', 100000))::jsonb`],
    [
      'an entry that is too long for its index',
      `INSERT INTO taken SELECT string_agg(md5(n::text), ''), 1 FROM generate_series(1, 1000) AS n`,
    ],
    ['what a check forbids', `INSERT INTO taken VALUES ('a', 10)`],
    ['nothing where there must be something', `INSERT INTO taken VALUES ('a', NULL)`],
  ])('%s is a refusal', async (_, statement) => {
    expect(isRefusal(await connection.write(statement).catch((error) => error))).toBe(true);
  });

  test('a missing table, a duplicate and a failed connection are not', async () => {
    await connection.write(`INSERT INTO taken VALUES ('twice', 1)`);
    for (const statement of ['SELECT * FROM missing', `INSERT INTO taken VALUES ('twice', 1)`]) {
      expect(isRefusal(await connection.write(statement).catch((error) => error))).toBe(false);
    }
    expect(isRefusal(new Error('connect ECONNREFUSED'))).toBe(false);
  });
});
