import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CostLimit } from '../../src/runtime/unavailable.ts';
import { Database, type DatabaseOptions } from '../../src/store/database/database.ts';
import { createGateways } from '../../src/store/write/gateways.ts';

/** Reads of callers whose time is limited, and the number of gateways, for any database. */
export function limitedReadsContract(
  openOptions: () => Promise<DatabaseOptions & AsyncDisposable>,
): void {
  let options: DatabaseOptions & AsyncDisposable;
  let database: Database;
  beforeAll(async () => {
    options = await openOptions();
    database = await Database.open(options, async () => {});
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
    await options[Symbol.asyncDispose]();
  });

  // Longer than any test waits.
  const endless = 'SELECT count(*) FROM generate_series(1, 100000000000)';

  test('a read that takes too long ends in time, and the session serves the next', async () => {
    const begin = performance.now();
    const reading = database.read(endless, [], { maxReadMs: 200 });
    await expect(reading).rejects.toThrow(CostLimit);
    await expect(reading).rejects.toThrow(/longer than the 200 ms that your roles allow/);
    expect(performance.now() - begin).toBeLessThan(20_000);
    const [row] = await database.read('SELECT 1', []);
    expect(row).toEqual(['1']);
    expect(database.healthReason()).toBeNull();
  });

  test('the reads of one caller share its time, those of another have their own', async () => {
    const caller = { maxBusyMs: 300 };
    await expect(database.read(endless, [], caller)).rejects.toThrow(CostLimit);
    await expect(database.read('SELECT 1', [], caller)).rejects.toThrow(CostLimit);
    await expect(database.lookUp('SELECT 1', [], caller)).rejects.toThrow(CostLimit);
    expect(await database.read('SELECT 1', [], { maxBusyMs: 10_000 })).toEqual([['1']]);
  });

  test('with a time for each read alone, the next one has all of it', async () => {
    const caller = { maxReadMs: 4_000 };
    for (let read = 0; read < 2; read++) {
      expect(await database.read('SELECT pg_sleep(2.1), 1', [], caller)).toHaveLength(1);
    }
  });

  test('gateways are counted while they announce themselves', async () => {
    const gateways = createGateways(database.write);
    const [first, second] = [randomUUID(), randomUUID()];
    expect(await gateways.announce(first, 60_000)).toBe(1);
    expect(await gateways.announce(second, 60_000)).toBe(2);
    expect(await gateways.announce(first, 60_000)).toBe(2);
    await gateways.leave(second);
    expect(await gateways.announce(first, 60_000)).toBe(1);
    // One that ended without leaving.
    await gateways.announce(second, 0);
    expect(await gateways.announce(first, 60_000)).toBe(1);
    await gateways.leave(first);
  });
}
