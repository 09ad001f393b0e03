import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';

/**
 * The key that secrets are sealed with: the operator's, or one that is made in the data directory of the embedded
 * database. Null with PostgreSQL where there is none: gateways that share it must share the key.
 */
export async function secretKeyOf({
  sinks,
  databaseUrl,
  dataDirectory,
}: Pick<Config, 'sinks' | 'databaseUrl' | 'dataDirectory'>): Promise<string | null> {
  if (sinks.secretKey !== null) return sinks.secretKey;
  if (databaseUrl !== null) return null;
  const path = join(dataDirectory, 'secret.key');
  await mkdir(dataDirectory, { recursive: true });
  const made = randomBytes(32).toString('base64url');
  await writeFile(path, made, { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return await readFile(path, 'utf8');
}
