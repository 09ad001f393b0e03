import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import { migrate } from '../src/store/database/migrator.ts';
import { PgliteConnection } from '../src/store/database/pglite.ts';
import { createLog } from '../src/telemetry/log.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

export interface DataDirectory extends AsyncDisposable {
  /** For TIDINGS_DATA_DIR. */
  readonly path: string;
}

/** A data directory of the test's own whose tables are up to date and empty: seconds quicker than one that is not. */
export async function dataDirectory(): Promise<DataDirectory> {
  return await copyOf(await migrated());
}

/** A data directory of the test's own whose database has no tables yet. */
export async function initialisedDirectory(): Promise<DataDirectory> {
  return await copyOf(await initialised());
}

/** A data directory in which nothing was started yet. */
export async function emptyDirectory(): Promise<DataDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'tidings-data-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function copyOf(template: string): Promise<DataDirectory> {
  const directory = await emptyDirectory();
  await cp(template, join(directory.path, 'pgdata'), { recursive: true });
  return directory;
}

const initialised = async (): Promise<string> =>
  kept(`pglite-${await pgliteVersion()}`, async (folder) => {
    const database = await PGlite.create(join(folder, 'pgdata'));
    await database.close();
  });

const migrated = async (): Promise<string> =>
  kept(`pglite-${await pgliteVersion()}-${await migrationsHash()}`, async (folder) => {
    await cp(await initialised(), join(folder, 'pgdata'), { recursive: true });
    await using connection = await PgliteConnection.open(folder, () => {});
    await migrate(connection, createLog('silent'));
  });

/** A database that is made once and kept among the project's caches. @returns its folder */
async function kept(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const path = join(root, '.cache', name);
  if (existsSync(path)) return path;
  const fresh = `${path}.${randomUUID()}`;
  await mkdir(fresh, { recursive: true });
  try {
    await make(fresh);
    await rename(join(fresh, 'pgdata'), path);
  } catch (error) {
    // Another test was first.
    if (!existsSync(path)) throw error;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return path;
}

async function pgliteVersion(): Promise<string> {
  const manifest = join(root, 'node_modules/@electric-sql/pglite/package.json');
  return (JSON.parse(await readFile(manifest, 'utf8')) as { version: string }).version;
}

async function migrationsHash(): Promise<string> {
  const folder = join(root, 'prisma/migrations');
  const names = (await readdir(folder, { recursive: true })).filter((name) =>
    name.endsWith('.sql'),
  );
  const hash = createHash('sha256');
  for (const name of names.sort()) hash.update(name).update(await readFile(join(folder, name)));
  hash.update(await readFile(join(root, 'src/store/database/event-partitions.ts')));
  return hash.digest('hex').slice(0, 16);
}
