import { test } from 'vitest';
import { startSharedJournal } from '../journal/opened.ts';
import { postgresAvailable } from '../postgres.ts';
import { holdsForFollowers } from './model.ts';

test.runIf(await postgresAvailable())(
  'followers of two gateways over NATS and PostgreSQL are given every event once, in order',
  async () => {
    await using shared = await startSharedJournal();
    await holdsForFollowers(() => shared.open(), { gateways: 2, runs: 20 });
  },
  300_000,
);
