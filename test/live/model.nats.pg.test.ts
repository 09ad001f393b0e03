import { afterAll, beforeAll, test, vi } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { openJournal } from '../../src/gateway/open-journal.ts';
import { openStore } from '../../src/store/open.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { type NatsServer, startNatsServer } from '../nats-server.ts';
import { postgresAvailable, startDatabase, type TestDatabase } from '../postgres.ts';
import { holdsForFollowers } from './model.ts';

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

test.runIf(available)(
  'followers of two gateways over NATS and PostgreSQL are given every event once, in order',
  async () => {
    const log = createLog('silent');
    const config = readConfig({ NATS_URL: nats.url, DATABASE_URL: database.url });
    const open = async () => {
      const { databaseUrl, dataDirectory } = config;
      const store = await openStore({ databaseUrl, dataDirectory, exclusive: false, log });
      const opened = await openJournal(config, store, { log, metrics: createMetrics() });
      const { journal } = opened;
      await vi.waitFor(() => {
        if (journal.healthReason() !== null) throw new Error('not yet');
      }, 20_000);
      return {
        journal,
        store,
        async [Symbol.asyncDispose]() {
          await opened[Symbol.asyncDispose]();
          await store[Symbol.asyncDispose]();
        },
      };
    };
    await holdsForFollowers(open, { gateways: 2, runs: 20 });
  },
  300_000,
);
