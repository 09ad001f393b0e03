import { bootGateway } from '../harness.ts';
import { startNatsServer } from '../nats-server.ts';
import { startDatabase } from '../postgres.ts';
import type { Gateways } from './session.ts';

/** Two gateways over one NATS server and one PostgreSQL database, all of the test's own. */
export async function bootTwoGateways(): Promise<Gateways> {
  const nats = await startNatsServer();
  const database = await startDatabase();
  const environment = { NATS_URL: nats.url, DATABASE_URL: database.url };
  const gateways = [
    await bootGateway({ environment }),
    await bootGateway({ environment }),
  ] as const;
  return {
    gateways,
    async [Symbol.asyncDispose]() {
      for (const gateway of gateways) await gateway[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      await nats[Symbol.asyncDispose]();
    },
  };
}
