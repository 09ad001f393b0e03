import { execFile } from 'node:child_process';
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { everything } from '../../../src/event/filter.ts';
import { openStore } from '../../../src/store/open.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { report } from '../../journal/report.ts';
import { put } from '../harness.ts';

const run = promisify(execFile);
const patience = { timeout: 60_000, interval: 100 };

/** A file system of its own; null where this user may not mount one. */
async function mountSmall(): Promise<string | null> {
  const path = await mkdtemp(join(tmpdir(), 'tidings-full-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=128m', 'tmpfs', path]);
    return path;
  } catch {
    await rm(path, { recursive: true });
    process.stderr.write('SkipCounter: the tests on a full disk (no tmpfs can be mounted here).\n');
    return null;
  }
}

const disk = process.platform === 'linux' ? await mountSmall() : null;

/** Leaves at most that many bytes. */
async function fill(path: string, bytesLeft: number): Promise<void> {
  const { bavail, bsize } = await statfs(path);
  await writeFile(join(path, 'filling'), Buffer.alloc(Math.max(0, bavail * bsize - bytesLeft)));
}

describe.skipIf(disk === null)('a full disk under the embedded database', () => {
  const path = disk ?? '';
  const open = () =>
    openStore({
      databaseUrl: null,
      dataDirectory: path,
      exclusive: true,
      log: createLog('silent'),
    });
  const sentence = /The disk of the data directory .+ is full: make room on it\.?$/;
  beforeAll(async () => {
    await (await open())[Symbol.asyncDispose]();
  });
  afterAll(async () => {
    await run('umount', ['-l', path]);
    await rm(path, { recursive: true });
  });

  test('clients and readiness report it, and it ends when there is room', async () => {
    const store = await open();
    await fill(path, 64 * 1024);
    const large = Array.from({ length: 20 }, () => report({ message: 'x'.repeat(100_000) }));
    const attempts = async () => {
      for (;;) await put(store, large);
    };
    const error = await attempts().catch((reason: Error) => reason);
    expect(error.name).toBe('Unavailable');
    expect(error.message).toMatch(sentence);
    // It stays unready while the disk is full, though reads work.
    for (let n = 0; n < 10; n += 1) {
      expect(store.healthReason()).toMatch(sentence);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await rm(join(path, 'filling'));
    await vi.waitFor(() => expect(store.healthReason()).toBeNull(), patience);
    await vi.waitFor(async () => expect(await put(store, [report()])).toHaveLength(1), patience);
    expect(await store.count(everything)).toBeGreaterThan(0);
    await store[Symbol.asyncDispose]();
  });

  test('is reported at the start', async () => {
    await fill(path, 0);
    await expect(open()).rejects.toThrow(sentence);
    await rm(join(path, 'filling'));
  });
});
