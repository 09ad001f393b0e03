import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unpack } from '../../../src/store/database/tar.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidings-archive-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = promisify(execFile);

test('an archive is unpacked as it was, for its owner alone; one that is cut short is rejected', async () => {
  const large = 'x'.repeat(70_000);
  await writeFile(join(folder, 'large'), large);
  await writeFile(join(folder, 'empty'), '');
  const archive = join(folder, 'archive.tar.gz');
  await run('tar', ['--format=ustar', '-czf', archive, '-C', folder, 'large', 'empty']);
  const target = join(folder, 'unpacked');
  await unpack(pathToFileURL(archive), target);
  expect(await readFile(join(target, 'large'), 'utf8')).toBe(large);
  expect(await readFile(join(target, 'empty'), 'utf8')).toBe('');
  expect((await stat(target)).mode & 0o777).toBe(0o700);
  expect((await stat(join(target, 'large'))).mode & 0o777).toBe(0o600);

  await writeFile(archive, gzipSync(gunzipSync(await readFile(archive)).subarray(0, 60_000)));
  await expect(unpack(pathToFileURL(archive), target)).rejects.toThrow('ends in the middle');
});

test('an entry that leads out of the directory stays within it', async () => {
  const header = Buffer.alloc(512);
  header.write('../../outside', 0);
  header.write('00000000003\0', 124);
  const content = Buffer.alloc(512);
  content.write('abc');
  const archive = join(folder, 'archive.tar.gz');
  await writeFile(archive, gzipSync(Buffer.concat([header, content, Buffer.alloc(1_024)])));
  const target = join(folder, 'deep', 'deeper');
  await unpack(pathToFileURL(archive), target);
  expect(await readFile(join(target, 'outside'), 'utf8')).toBe('abc');
});
