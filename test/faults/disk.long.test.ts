import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { startGatewayProcess } from './gateway-process.ts';
import { request, type Storm, survive } from './storm.ts';

const diskMiB = 400;
const mutation = `mutation ($events: [EventInput!]!) {
  reportEvents(events: $events, wait: ACCEPTED) { accepted }
}`;

/** A small disk of the test's own; null where this process may not mount one. */
function mountDisk(): (Disposable & { readonly folder: string }) | null {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMiB}m`, 'tmpfs', folder], {
      stdio: 'ignore',
    });
  } catch {
    rmSync(folder, { recursive: true });
    process.stderr.write(
      'Skipped: the test of a full disk (this process may not mount a tmpfs).\n',
    );
    return null;
  }
  return {
    folder,
    [Symbol.dispose]() {
      // Files that are still open keep the disk until they are closed.
      execFileSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true });
    },
  };
}

/** Writes until there is no room. */
async function fill(file: string): Promise<void> {
  const handle = await open(file, 'w');
  const size = { block: 1024 * 1024 };
  while (size.block >= 4_096) {
    await handle.write(Buffer.alloc(size.block)).catch(() => {
      size.block /= 4;
    });
  }
  await handle.close();
}

/** Reports large events until the gateway rejects one, and resolves with the reason; the accepted ones count. */
function reportUntilFull(url: string, storm: Storm): Promise<string> {
  return vi.waitFor(
    async () => {
      const events = [{ id: randomUUID(), type: 'Storm.Large', value: 'x'.repeat(100_000) }];
      const failed = await request(url, mutation, { events }).then(
        () => null,
        (error: Error) => error,
      );
      if (failed === null) storm.acknowledged.add(events[0]?.id as string);
      expect(failed?.message).toContain('UNAVAILABLE');
      return failed?.message as string;
    },
    { timeout: 120_000, interval: 1 },
  );
}

const statusOf = async (url: string, path: string): Promise<number> =>
  (await fetch(new URL(path, url), { signal: AbortSignal.timeout(5_000) })).status;

const disk = mountDisk();

test.runIf(disk !== null)(
  'a full disk: reports are answered UNAVAILABLE, and go on without loss once there is room',
  async () => {
    using mounted = disk as NonNullable<typeof disk>;
    const ballast = join(mounted.folder, 'ballast');
    await using gateway = await startGatewayProcess({
      TIDINGS_DATA_DIR: join(mounted.folder, 'data'),
    });
    await survive([gateway.url], async (storm) => {
      await fill(ballast);
      // The database's own files are not named.
      expect(await reportUntilFull(gateway.url, storm)).not.toMatch(/base\/\d|relation|could not/);
      await vi.waitFor(async () => expect(await statusOf(gateway.url, '/readyz')).toBe(503));
      expect(await statusOf(gateway.url, '/healthz')).toBe(200);
      await rm(ballast);
      await vi.waitFor(async () => expect(await statusOf(gateway.url, '/readyz')).toBe(200), {
        timeout: 60_000,
        interval: 250,
      });
    });
  },
);
