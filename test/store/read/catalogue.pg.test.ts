import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Query } from '../../../src/store/database/connection.ts';
import { Database } from '../../../src/store/database/database.ts';
import { listTraits, listTypes } from '../../../src/store/read/catalogue.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { postgresAvailable, startDatabase, type TestDatabase } from '../../postgres.ts';

interface Plan {
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly Plans?: readonly Plan[];
}

describe.skipIf(!(await postgresAvailable()))('The catalogue of 60,000 names', () => {
  let server: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    server = await startDatabase();
    const options = { databaseUrl: server.url, dataDirectory: '', log: createLog('silent') };
    database = await Database.open({ ...options, exclusive: false }, async () => {});
    await database.write(
      `INSERT INTO event_types (namespace, category, action) SELECT 'default', 'C' || n, '' FROM generate_series(1, 60000) AS n`,
    );
    await database.write(
      `INSERT INTO event_traits (namespace, event_type, name, type) SELECT 'default', 'C', 'n' || n, 'INT' FROM generate_series(1, 60000) AS n`,
    );
    await database.write('ANALYZE');
  });
  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  /** Rows that the scan of a table answers in the statement that `ask` makes. */
  const scannedRows = async (ask: (query: Query) => Promise<unknown>): Promise<number[]> => {
    const rows: number[] = [];
    const visit = (plan: Plan) => {
      if (plan['Relation Name'] !== undefined)
        rows.push(plan['Actual Rows'] * plan['Actual Loops']);
      plan.Plans?.forEach(visit);
    };
    await ask(async (statement, parameters) => {
      const text = typeof statement === 'string' ? statement : statement.text;
      const [row] = await database.read(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, parameters);
      const [{ Plan: plan }] = JSON.parse(row?.[0] ?? '') as [{ Plan: Plan }];
      visit(plan);
      return [];
    });
    return rows;
  };

  test.each([
    ['types', (query: Query) => listTypes(query, null)],
    ['traits', (query: Query) => listTraits(query, null)],
  ])('no more %s are read than an answer lists', async (_, ask) => {
    const [rows = Number.NaN, ...others] = await scannedRows(ask);
    expect(others).toEqual([]);
    expect(rows).toBeGreaterThan(10_000);
    expect(rows).toBeLessThan(20_000);
  });
});
