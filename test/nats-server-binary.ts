import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = join(import.meta.dirname, '../.cache/nats-server');
const minutes = 60_000;

let found: Promise<string> | undefined;

/**
 * The path of a nats-server: on PATH, or from the cache folder, where the first call puts Debian's package, whose
 * checksum apt-get compares with the signed one. @throws Error with one line that says how to get one
 */
export function natsServerBinary(): Promise<string> {
  found ??= find();
  return found;
}

async function find(): Promise<string> {
  const cached = join(cache, 'nats-server');
  for (const binary of ['nats-server', cached]) {
    if (await runs(binary)) return binary;
  }
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'fetch-'));
  try {
    const fetched = await fromDebian(work);
    if (fetched === null) {
      throw new Error('The tests on NATS need nats-server: apt-get install nats-server.');
    }
    await chmod(fetched, 0o755);
    // Several test files may fetch at once: the name appears whole or not at all.
    await rename(fetched, cached);
    return cached;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

const runs = (binary: string): Promise<boolean> =>
  run(binary, ['--version']).then(
    () => true,
    () => false,
  );

async function fromDebian(work: string): Promise<string | null> {
  try {
    await run('apt-get', ['download', 'nats-server'], { cwd: work, timeout: minutes });
    const [file = ''] = (await readdir(work)).filter((name) => name.endsWith('.deb'));
    await run('dpkg-deb', ['-x', file, '.'], { cwd: work, timeout: minutes });
    return await under(work);
  } catch {
    return null;
  }
}

async function under(folder: string): Promise<string | null> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const binary = entries.find((entry) => entry.isFile() && entry.name === 'nats-server');
  return binary === undefined ? null : join(binary.parentPath, binary.name);
}

/** Whether there is one. Where there is none the suite says so in a line; in CI that is an error. */
export async function hasNatsServer(): Promise<boolean> {
  try {
    await natsServerBinary();
    return true;
  } catch (error) {
    if (process.env.CI) throw error;
    process.stderr.write('Skipped: the tests on NATS (no nats-server on PATH).\n');
    return false;
  }
}
