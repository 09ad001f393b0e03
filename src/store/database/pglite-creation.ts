import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { PgliteThread } from './pglite-thread.ts';

/**
 * Makes the database's files where there are none: beside their place, in a thread of its own. Making them takes more
 * memory than ever after, which goes with the thread, and a start that is cut short leaves nothing half made.
 */
export async function createOnce(directory: string): Promise<void> {
  if (existsSync(directory)) return;
  const unfinished = `${directory}.new`;
  await rm(unfinished, { recursive: true, force: true });
  const thread = new PgliteThread(unfinished, () => {});
  await thread.ask({ kind: 'query', statement: 'SELECT 1', parameters: [] });
  await thread.end();
  await rename(unfinished, directory);
}
