import { describe, expect, test } from 'vitest';
import { RuleTable } from '../../src/store/alarms/rule-table.ts';
import type { Database } from '../../src/store/database/database.ts';
import { SinkTable } from '../../src/store/sinks/sink-table.ts';

/** A database whose tables are empty, and that says so where Prisma is asked for. */
const empty: Pick<Database, 'ask' | 'lookUp' | 'write'> = {
  lookUp: async () => [],
  write: async () => [],
  ask: async () => {
    throw new Error('Prisma is loaded, which takes tens of megabytes.');
  },
};

describe('a gateway without sinks and rules does without Prisma', () => {
  test('when it lists sinks', async () => {
    expect(await new SinkTable(empty).list()).toEqual([]);
    expect(await new SinkTable(empty).list({ origin: 'FILE' })).toEqual([]);
  });

  test('when it lists rules', async () => {
    expect(await new RuleTable(empty).list()).toEqual([]);
  });
});
