import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { readPlayground, writePlayground } from '../../../src/server/http/playground-files.ts';
import { renderPlayground } from '../../../src/server/http/playground-page.ts';

test('a gateway reads the playground that the build made', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-playground-'));
  try {
    const url = pathToFileURL(`${folder}/`);
    const page = await renderPlayground();
    await writePlayground(url, page);
    const { gzipped, plain, ...fields } = await readPlayground(url);
    expect(fields).toEqual({ tag: page.tag, headers: page.headers });
    // Not toEqual, which takes many seconds for megabytes.
    expect(gzipped.equals(page.gzipped)).toBe(true);
    expect(plain.equals(page.plain)).toBe(true);
  } finally {
    await rm(folder, { recursive: true });
  }
});
