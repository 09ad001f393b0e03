import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { BuiltPage } from './built-page.ts';

/** Next to the compiled program. */
export const playgroundFolder = new URL('./', import.meta.url);

const pageFile = 'playground.html.gz';
const fieldsFile = 'playground.json';

export async function writePlayground(
  folder: URL,
  { gzipped, tag, headers }: BuiltPage,
): Promise<void> {
  await writeFile(new URL(pageFile, folder), gzipped);
  await writeFile(new URL(fieldsFile, folder), JSON.stringify({ tag, headers }));
}

export async function readPlayground(folder: URL): Promise<BuiltPage> {
  const gzipped = await readFile(new URL(pageFile, folder));
  const fields = await readFile(new URL(fieldsFile, folder), 'utf8');
  const { tag, headers } = JSON.parse(fields) as Pick<BuiltPage, 'tag' | 'headers'>;
  return { gzipped, tag, headers, plain: await promisify(gunzip)(gzipped) };
}
