import { test } from 'vitest';
import { startSharedJournal } from '../journal/opened.ts';
import { postgresAvailable } from '../postgres.ts';
import { holdsForSinks } from './model.ts';

test.runIf(await postgresAvailable())(
  'a sink of two gateways over NATS and PostgreSQL loses nothing and keeps the order of each key, whatever fails',
  async () => {
    await using shared = await startSharedJournal();
    await using first = await shared.open();
    await using second = await shared.open();
    await holdsForSinks([first, second], { runs: 20 });
  },
  600_000,
);
