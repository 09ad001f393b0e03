import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { everything } from '../../../src/event/filter.ts';
import { lockDirectory } from '../../../src/store/database/directory-lock.ts';
import { type OpenStore, openStore } from '../../../src/store/open.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { report } from '../../journal/report.ts';
import { dataDirectory } from '../../pglite.ts';
import { put } from '../harness.ts';

const open = (path: string): Promise<OpenStore> =>
  openStore({
    databaseUrl: null,
    dataDirectory: path,
    exclusive: true,
    log: createLog('silent'),
  });

const program = fileURLToPath(new URL('../write/writer-process.ts', import.meta.url));

/** A process that writes to the directory until it is killed. */
function startWriter(directory: string): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', program, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

describe('the lock of a data directory', () => {
  test('another process is rejected with a sentence that names the process that holds it', async () => {
    await using directory = await dataDirectory();
    const writer = startWriter(directory.path);
    await once(writer.stdout as NodeJS.ReadableStream, 'data');
    await expect(open(directory.path)).rejects.toThrow(
      `The data directory ${directory.path} is in use by process ${writer.pid}:`,
    );
    writer.kill('SIGKILL');
    await once(writer, 'exit');
  });

  test('is released on close, and a second store of the same process is rejected', async () => {
    await using directory = await dataDirectory();
    const first = await lockDirectory(directory.path);
    await expect(lockDirectory(directory.path)).rejects.toThrow(`process ${process.pid}`);
    await first[Symbol.asyncDispose]();
    expect(await readFile(join(directory.path, 'lock.1'), 'utf8')).toBe('');
    await using _second = await lockDirectory(directory.path);
  });

  test.each([
    ['that has ended', JSON.stringify({ pid: 2 ** 22 + 1, began: null })],
    ['whose number another has now', JSON.stringify({ pid: process.pid, began: 'long ago' })],
    ['that left half a lock', '{"pid":'],
  ])('of a process %s is taken over by exactly one of several processes', async (_, left) => {
    await using directory = await dataDirectory();
    await mkdir(directory.path, { recursive: true });
    await writeFile(join(directory.path, 'lock.7'), left);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => lockDirectory(directory.path)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const locks = (await readdir(directory.path)).filter((name) => name.startsWith('lock'));
    expect(locks).toHaveLength(1);
    const lock = await readFile(join(directory.path, locks[0] ?? ''), 'utf8');
    expect(JSON.parse(lock)).toMatchObject({ pid: process.pid });
  });
});

test.runIf(process.platform === 'linux')(
  'the lock of a process that has ended, and whose parent has not heard of it, is taken over',
  async () => {
    await using directory = await dataDirectory();
    const parent = spawn('sh', ['-c', 'sleep 600 & echo $!; exec sleep 600']);
    const [said] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(said.toString());
    // A shell would reap its child; the program that replaces it does not.
    await vi.waitFor(async () =>
      expect(await readFile(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n'),
    );
    process.kill(pid);
    const fields = await vi.waitFor(async () => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
      const found = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      expect(found[0]).toBe('Z');
      return found;
    });
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const lock = JSON.stringify({ pid, began: `${boot} ${fields[19]}` });
    await writeFile(join(directory.path, 'lock.1'), lock);
    await using _taken = await lockDirectory(directory.path);
    parent.kill('SIGKILL');
  },
);

describe('a data directory', () => {
  test('keeps its events, and the numbering goes on', async () => {
    await using directory = await dataDirectory();
    const first = await open(directory.path);
    const [written] = await put(first, [report({ message: 'kept' })]);
    await first[Symbol.asyncDispose]();
    const second = await open(directory.path);
    expect(await second.event(written?.event.id as string)).toEqual(written?.event);
    expect(second.storedIndex).toBe(1);
    await second[Symbol.asyncDispose]();
  });

  test('has every acknowledged event once after its process was killed in a storm', async () => {
    await using directory = await dataDirectory();
    const first = await killedAfter(500, startWriter(directory.path));
    const second = await killedAfter(500, startWriter(directory.path));
    const store = await open(directory.path);
    const stored = await store.page({ filter: everything, order: 'INDEX_ASC', limit: 100_000 });
    const byIndex = new Map(stored.events.map(({ index, id }) => [index, id]));
    expect(new Set(byIndex.values()).size).toBe(stored.events.length);
    for (const [index, id] of [...first, ...second]) expect(byIndex.get(index)).toBe(id);
    await store[Symbol.asyncDispose]();
  });
});

/** The ids that a writer printed as acknowledged, by index, until it was killed. */
async function killedAfter(count: number, writer: ChildProcess): Promise<Map<number, string>> {
  const acknowledged = new Map<number, string>();
  const ended = once(writer, 'exit');
  for await (const line of createInterface({ input: writer.stdout as NodeJS.ReadableStream })) {
    const [index = '', id = ''] = line.split(' ');
    // The kill may cut the last line short.
    if (id.length === 36) acknowledged.set(Number(index), id);
    if (acknowledged.size === count) writer.kill('SIGKILL');
  }
  // Its output ends a moment before the process does, and before its lock does.
  await ended;
  return acknowledged;
}
