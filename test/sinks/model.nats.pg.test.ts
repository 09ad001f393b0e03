import { afterAll, beforeAll, test, vi } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { openJournal } from '../../src/gateway/open-journal.ts';
import { openStore } from '../../src/store/open.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { type NatsServer, startNatsServer } from '../nats-server.ts';
import { patienceMs } from '../patience.ts';
import { postgresAvailable, startDatabase, type TestDatabase } from '../postgres.ts';
import { holdsForSinks, type Opened } from './model.ts';

const available = await postgresAvailable();
let nats: NatsServer;
let database: TestDatabase;
beforeAll(async () => {
  if (!available) return;
  nats = await startNatsServer();
  database = await startDatabase();
});
afterAll(async () => {
  await nats?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

async function open(): Promise<Opened> {
  const log = createLog('silent');
  const config = readConfig({ NATS_URL: nats.url, DATABASE_URL: database.url });
  const { databaseUrl, dataDirectory } = config;
  const store = await openStore({ databaseUrl, dataDirectory, exclusive: false, log });
  const opened = await openJournal(config, store, { log, metrics: createMetrics() });
  const { journal } = opened;
  await vi.waitFor(
    () => {
      if (journal.healthReason() !== null) throw new Error('not yet');
    },
    { timeout: patienceMs, interval: 20 },
  );
  return {
    journal,
    store,
    async [Symbol.asyncDispose]() {
      await opened[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

test.runIf(available)(
  'a sink of two gateways over NATS and PostgreSQL loses nothing and keeps the order of each key, whatever fails',
  async () => {
    await using first = await open();
    await using second = await open();
    await holdsForSinks([first, second], { runs: 20 });
  },
  600_000,
);
