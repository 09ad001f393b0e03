import { expect, test } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { runRollupsCommand } from '../../src/gateway/rollups-command.ts';
import { openStore } from '../../src/store/open.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { temporaryDatabase } from '../database.ts';
import { report } from '../journal/report.ts';
import { put } from '../store/harness.ts';

const log = createLog('silent');

test('rebuild-rollups counts every event anew and says how far it is', async () => {
  await using database = await temporaryDatabase();
  const { databaseUrl, dataDirectory } = database;
  const options = { databaseUrl, dataDirectory, exclusive: true, log };
  {
    await using store = await openStore(options);
    await put(store, [report(), report({ severity: 'ERROR' })]);
  }
  const environment = {
    TIDINGS_DATA_DIR: dataDirectory,
    ...(databaseUrl === null ? {} : { DATABASE_URL: databaseUrl }),
  };
  const written: string[] = [];
  await runRollupsCommand([], readConfig(environment), (text) => written.push(text));
  expect(written).toEqual(['0 % of 2 indexes\n', '100 %\n']);
  await using store = await openStore(options);
  expect(await store.rollupProgress()).toEqual({ rolledIndex: 2, storedIndex: 2 });
  expect(await store.count({ severities: ['ERROR'] })).toBe(1);
  const more = runRollupsCommand(['all'], readConfig(environment), () => {});
  await expect(more).rejects.toThrow('Usage: tidings rebuild-rollups');
});
