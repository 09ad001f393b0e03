import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Filter } from '../../../src/event/filter.ts';
import type { Query } from '../../../src/store/database/connection.ts';
import { PostgresConnection } from '../../../src/store/database/postgres.ts';
import { findPage } from '../../../src/store/read/search.ts';
import { SelectivityCache } from '../../../src/store/read/selectivity-cache.ts';
import { postgresAvailable, startDatabase } from '../../postgres.ts';

/** 200 events: all are tagged `common`, one in twenty `some`, the oldest two `few`; each has one of ten keys. */
const fill = `INSERT INTO events (id, index, namespace, category, type, key, filter_keys, tags, traits, time, recorded_at, dialect)
  SELECT gen_random_uuid(), n, 'default', 'A', 'A', 'key ' || n % 10, '{}',
    ARRAY['common'] || CASE WHEN n % 20 = 0 THEN ARRAY['some'] ELSE '{}' END || CASE WHEN n < 3 THEN ARRAY['few'] ELSE '{}' END,
    '[]', timestamptz 'epoch' + n * interval '1 second', now(), 'TIDINGS'
  FROM generate_series(1, 200) AS n`;

describe.skipIf(!(await postgresAvailable()))('a page of PostgreSQL is read', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** Asks for pages of four, each at a second of the clock, and returns the plans of each. */
  async function plansFor(asked: readonly (readonly [Filter, second: number])[]) {
    await using database = await startDatabase();
    await using connection = new PostgresConnection(database.url, false, () => {});
    await connection.write(fill);
    const statements: string[] = [];
    const noting =
      (query: Query): Query =>
      (statement, parameters) => {
        statements.push(String(statement));
        return query(statement, parameters);
      };
    const connections = { read: noting(connection.read), lookUp: noting(connection.lookUp) };
    const selectivities = new SelectivityCache();
    const plans: string[][] = [];
    for (const [filter, second] of asked) {
      vi.spyOn(performance, 'now').mockReturnValue(second * 1_000);
      await findPage(connections, selectivities, { filter, order: 'TIME_DESC', limit: 4 });
      plans.push(statements.splice(0).map(planOf));
    }
    return plans;
  }

  const planOf = (statement: string): string => {
    const [, indexed] =
      /^WITH sparse AS \(SELECT \* FROM events WHERE (.*) LIMIT 1001\)/.exec(statement) ?? [];
    if (indexed !== undefined) return `sparse by ${indexed}`;
    return statement.includes('FROM (SELECT * FROM events') ? 'first' : 'all';
  };

  const byTags = 'sparse by tags @> $1::text[]';
  const byKeys = 'sparse by array_append(filter_keys, key) && $1::text[]';

  test('from the first events, then by the index of a tag or by PostgreSQL’s plan; the right way is remembered for a minute', async () => {
    const common = { tags: ['common'] };
    const some = { tags: ['some'] };
    const few = { tags: ['few'] };
    expect(
      await plansFor([
        [common, 0],
        [few, 0],
        [few, 59],
        [few, 60],
        [some, 100],
        [some, 130],
        [some, 159],
        [some, 160],
        [common, 160],
      ]),
    ).toEqual([
      ['first'],
      ['first', byTags],
      [byTags],
      ['first', byTags],
      ['first', 'all'],
      ['all'],
      ['all'],
      ['first', 'all'],
      ['first'],
    ]);
  });

  test('by a key alone, whatever the other conditions; not by a tag that may be common when another condition may be rare', async () => {
    expect(
      await plansFor([
        [{ keys: ['key 7'], tags: ['common'] }, 0],
        [{ tags: ['common'], severities: ['ERROR'] }, 0],
        [{ tags: ['none'], time: { from: 5e6, to: null }, namespaces: ['default'] }, 0],
      ]),
    ).toEqual([[byKeys], ['first', 'all'], ['first', byTags]]);
  });
});
