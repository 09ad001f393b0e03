import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';

const root = fileURLToPath(new URL('..', import.meta.url));

export interface DataDirectory extends AsyncDisposable {
  /** For TIDINGS_DATA_DIR. */
  readonly path: string;
}

/** A data directory of the test's own, its database initialised and empty: seconds quicker than one that is not. */
export async function dataDirectory(): Promise<DataDirectory> {
  const directory = await emptyDirectory();
  await cp(await template(), join(directory.path, 'pgdata'), { recursive: true });
  return directory;
}

/** A data directory in which nothing was started yet. */
export async function emptyDirectory(): Promise<DataDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'tidings-data-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** An initialised database, made once for each version of PGlite and kept among the project's caches. */
async function template(): Promise<string> {
  const manifest = join(root, 'node_modules/@electric-sql/pglite/package.json');
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  const kept = join(root, '.cache', `pglite-${version}`);
  if (existsSync(kept)) return kept;
  const fresh = `${kept}.${randomUUID()}`;
  await mkdir(fresh, { recursive: true });
  const database = await PGlite.create(fresh);
  await database.close();
  try {
    await rename(fresh, kept);
  } catch (error) {
    // Another test was first.
    await rm(fresh, { recursive: true, force: true });
    if (!existsSync(kept)) throw error;
  }
  return kept;
}
