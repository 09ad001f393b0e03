import { randomUUID } from 'node:crypto';
import { env } from 'node:process';
import { freePort } from './free-port.ts';
import { dropTemplate, postgresPrograms, startPostgres } from './postgres.ts';

/**
 * Starts the PostgreSQL server that all files of a run share, each with databases of its own. Nothing waits for it
 * here: files that need no database run meanwhile.
 */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  env.TEST_DATABASE_TEMPLATE = `tidings_template_${randomUUID().replaceAll('-', '')}`;
  if (env.TEST_DATABASE_URL) return dropTemplate;
  if ((await postgresPrograms()) === null) return;
  const port = await freePort();
  env.TEST_DATABASE_URL = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const starting = startPostgres(port);
  starting.catch((error) => {
    process.stderr.write(`The PostgreSQL server of this run did not start: ${error}\n`);
  });
  return async () => {
    await (await starting)[Symbol.asyncDispose]();
  };
}
