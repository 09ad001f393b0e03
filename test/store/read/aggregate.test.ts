import { expect, test } from 'vitest';
import { everything } from '../../../src/event/filter.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import type { Query } from '../../../src/store/database/connection.ts';
import { aggregateEvents } from '../../../src/store/read/aggregate.ts';
import { Rollups } from '../../../src/store/read/rollups.ts';
import { countEvents } from '../../../src/store/read/search.ts';
import type { AggregateRequest } from '../../../src/store/store.ts';

const second = 1_000_000;
const request: AggregateRequest = {
  filter: everything,
  measure: null,
  groupBy: [{ by: 'field', field: 'KEY' }],
  intervalMicros: second,
  timeZone: 'UTC',
  percentiles: [],
  limit: 100,
};

/** A database whose first and last event are a number of buckets apart. */
function database(buckets: number) {
  const statements: string[] = [];
  const query: Query = async (statement) => {
    statements.push(String(statement));
    const none = JSON.stringify({ length: 0, starts: [], groups: [] });
    return [[/GROUP BY/.test(String(statement)) ? none : String(buckets)]];
  };
  return { query, statements };
}

test('too many buckets are rejected before any event is grouped', async () => {
  const { query, statements } = database(10_001);
  await expect(aggregateEvents(query, new Rollups(), request)).rejects.toThrow(
    'There are 10001 buckets',
  );
  expect(statements).toHaveLength(1);
  expect(statements[0]).not.toContain('GROUP BY');
});

test('a filter whose span of time has few buckets needs no look at the first and the last event', async () => {
  const { query, statements } = database(10_001);
  const filter = { time: { from: 0, to: 60 * second } };
  expect(await aggregateEvents(query, new Rollups(), { ...request, filter })).toEqual([]);
  expect(statements).toHaveLength(1);
});

test('statistics that take too long say what to narrow', async () => {
  const timeout = Object.assign(new Error('canceling statement'), {
    code: '57014',
    severity: 'ERROR',
  });
  const query: Query = async () => {
    throw new Unavailable('The database took too long to answer.', { cause: timeout });
  };
  const slow = { ...request, intervalMicros: null };
  const filter = { keys: ['a'] };
  for (const reading of [
    aggregateEvents(query, new Rollups(), slow),
    countEvents(query, new Rollups(), filter),
  ]) {
    await expect(reading).rejects.toThrow(/narrow filter.time/);
    await expect(reading).rejects.toMatchObject({ retryAfterSeconds: null });
  }
});
