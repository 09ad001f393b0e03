import type { DatabaseOptions } from '../src/store/database/database.ts';
import { dataDirectory } from './pglite.ts';
import { hasSharedPostgres, startDatabase } from './postgres.ts';

/** A database of the test's own for openStore(), with tables and without events. */
export interface TemporaryDatabase
  extends AsyncDisposable,
    Pick<DatabaseOptions, 'databaseUrl' | 'dataDirectory'> {}

/** On the run's PostgreSQL server; where there is none on PGlite, which takes seconds of a processor to start. */
export async function temporaryDatabase(): Promise<TemporaryDatabase> {
  if (!hasSharedPostgres()) return await temporaryPglite();
  const { url, ...own } = await startDatabase();
  return { databaseUrl: url, dataDirectory: '', ...own };
}

/** On PGlite, for tests of what is embedded. */
export async function temporaryPglite(): Promise<TemporaryDatabase> {
  const { path, ...own } = await dataDirectory();
  return { databaseUrl: null, dataDirectory: path, ...own };
}
