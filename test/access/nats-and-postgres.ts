import { startNatsServer } from '../nats-server.ts';
import { startDatabase } from '../postgres.ts';

/** A NATS server and a database of the test's own, for a gateway's environment. */
export async function startNatsAndPostgres() {
  const [nats, database] = await Promise.all([startNatsServer(), startDatabase()]);
  return {
    environment: { NATS_URL: nats.url, DATABASE_URL: database.url },
    async [Symbol.asyncDispose]() {
      await Promise.all([nats[Symbol.asyncDispose](), database[Symbol.asyncDispose]()]);
    },
  };
}
