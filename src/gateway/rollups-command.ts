import type { Config } from '../config/config.ts';
import { openStore } from '../store/open.ts';
import { percentOf } from '../store/rollup-progress.ts';
import { fillRollups } from '../store/write/rollup-fill.ts';
import { createLog } from '../telemetry/log.ts';

/**
 * `tidings rebuild-rollups`: counts every event anew, and says how far it is. Gateways on the same PostgreSQL may run
 * meanwhile, and read every event for their statistics; one that has the data directory must be stopped.
 * @throws Error with a sentence
 */
export async function runRollupsCommand(
  args: readonly string[],
  { databaseUrl, dataDirectory }: Config,
  write: (text: string) => void,
): Promise<void> {
  if (args.length > 0) throw new Error('Usage: tidings rebuild-rollups');
  const log = createLog('error');
  await using store = await openStore({ databaseUrl, dataDirectory, exclusive: false, log });
  const reason = store.healthReason();
  if (reason !== null) throw new Error(reason);
  await store.rebuildRollups();
  await fillRollups(store, {
    signal: new AbortController().signal,
    onProgress: (progress, isDone) =>
      write(isDone ? '100 %\n' : `${percentOf(progress)} % of ${progress.storedIndex} indexes\n`),
  });
}
