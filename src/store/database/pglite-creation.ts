import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unpack } from './tar.ts';

/**
 * Makes the database's files where there are none: in a directory beside the final one, so that an interrupted start leaves nothing
 * half made. They are unpacked from the archive that the build made, or made by a process of its own where there is no
 * archive of this version of PGlite.
 */
export async function createOnce(directory: string): Promise<void> {
  if (existsSync(directory)) return;
  const unfinished = `${directory}.new`;
  await rm(unfinished, { recursive: true, force: true });
  const archive = await archiveUrl();
  if (existsSync(archive)) await unpack(archive, unfinished);
  else await makeDatabase(unfinished);
  await rename(unfinished, directory);
}

/** In dist/, from src/ and dist/ alike. Another version of PGlite may not be able to read what this one makes. */
async function archiveUrl(): Promise<URL> {
  const manifest = new URL('../package.json', import.meta.resolve('@electric-sql/pglite'));
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  return new URL(`../../../dist/pglite-${version}.tar.gz`, import.meta.url);
}

/** Makes the archive where there is none, for the build. */
export async function createArchive(): Promise<void> {
  const archive = await archiveUrl();
  if (!existsSync(archive)) await makeDatabase(fileURLToPath(archive));
}

async function makeDatabase(target: string): Promise<void> {
  const isSource = import.meta.url.endsWith('.ts');
  const program = new URL(`./pglite-initdb.${isSource ? 'ts' : 'js'}`, import.meta.url);
  const loader = isSource ? ['--import', import.meta.resolve('tsx')] : [];
  await promisify(execFile)(process.execPath, [...loader, fileURLToPath(program), target]);
}
