import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pid } from 'node:process';
import { InUse } from './outage.ts';

interface Holder {
  readonly pid: number;
  /** When the process began, in the system's own terms; null where it does not say. */
  readonly began: string | null;
}

/**
 * Takes a directory for this process; disposing gives it back. The lock of a process that is gone, or whose
 * number another process has now, is taken over.
 *
 * A lock is a file with a number, and the highest counts. A process that finds it free creates the next one, which
 * only one of several can do. Nobody deletes the file that counts, so nobody can take over a lock that is not free.
 * @throws InUse with a sentence that names the process that holds it
 */
export async function lockDirectory(directory: string): Promise<AsyncDisposable> {
  await mkdir(directory, { recursive: true });
  const own = join(directory, `lock-${randomUUID()}`);
  await writeFile(own, JSON.stringify({ pid, began: await beginningOf(pid) } satisfies Holder));
  try {
    for (;;) {
      const last = await lastLock(directory);
      await expectFree(directory, last);
      const path = lockPath(directory, last + 1);
      if (!(await linked(own, path))) continue;
      if ((await lastLock(directory)) === last + 1) {
        await rm(lockPath(directory, last), { force: true });
        // The file stays, empty: it keeps the highest number that a lock has had.
        return { [Symbol.asyncDispose]: () => truncate(path) };
      }
      await rm(path, { force: true });
    }
  } finally {
    await rm(own, { force: true });
  }
}

const lockPath = (directory: string, number: number): string => join(directory, `lock.${number}`);

/** The number of the lock that counts; 0 where there is none. */
async function lastLock(directory: string): Promise<number> {
  const numbers = (await readdir(directory)).map((name) =>
    Number(/^lock\.(\d+)$/.exec(name)?.[1] ?? 0),
  );
  return Math.max(0, ...numbers);
}

/** A link is made only where there is none, and with all that is in the file. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function expectFree(directory: string, number: number): Promise<void> {
  const text = await readFile(lockPath(directory, number), 'utf8').catch(() => '');
  const holder = holderIn(text);
  if (holder === null || !(await isRunning(holder))) return;
  throw new InUse(
    `The data directory ${directory} is in use by process ${holder.pid}: stop that gateway, or give this one another TIDINGS_DATA_DIR.`,
  );
}

function holderIn(text: string): Holder | null {
  try {
    const { pid, began } = JSON.parse(text) as Partial<Holder>;
    return typeof pid === 'number' ? { pid, began: began ?? null } : null;
  } catch {
    return null;
  }
}

async function isRunning(holder: Holder): Promise<boolean> {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // A process of another user is there, but not ours to signal.
    if (!hasCode(error, 'EPERM')) return false;
  }
  return (await beginningOf(holder.pid)) === holder.began;
}

/**
 * Linux: the boot, and the 22nd field of /proc/PID/stat (proc(5)), in which a process began. Null for one that has
 * ended and only waits for its parent to hear of it.
 */
async function beginningOf(process: number): Promise<string | null> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    const stat = await readFile(`/proc/${process}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : `${boot.trim()} ${fields[19]}`;
  } catch {
    return null;
  }
}

export const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
