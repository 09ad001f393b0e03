import { vi } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { openJournal } from '../../src/gateway/open-journal.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { type OpenStore, openStore } from '../../src/store/open.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { startNatsServer } from '../nats-server.ts';
import { patienceMs } from '../patience.ts';
import { startDatabase } from '../postgres.ts';

/** A journal and the store that goes with it. */
export interface Opened<Stored = OpenStore> extends AsyncDisposable {
  readonly journal: Journal;
  readonly store: Stored;
}

/** A NATS server and a PostgreSQL database, over which any number of gateways open theirs. */
export interface SharedJournal extends AsyncDisposable {
  open(): Promise<Opened>;
}

export async function startSharedJournal(): Promise<SharedJournal> {
  const nats = await startNatsServer();
  const database = await startDatabase();
  const config = readConfig({ NATS_URL: nats.url, DATABASE_URL: database.url });
  return {
    async open() {
      const log = createLog('silent');
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
    },
    async [Symbol.asyncDispose]() {
      await nats[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}
