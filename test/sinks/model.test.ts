import { test } from 'vitest';
import { EmbeddedJournal } from '../../src/journal/embedded.ts';
import { openStore } from '../../src/store/open.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { temporaryPglite } from '../database.ts';
import { holdsForSinks } from './model.ts';

test('a sink over the embedded journal loses nothing and keeps the order of each key, whatever fails', async () => {
  await using database = await temporaryPglite();
  await using store = await openStore({ ...database, exclusive: true, log: createLog('silent') });
  await using journal = await EmbeddedJournal.open(store);
  await holdsForSinks([{ journal, store, async [Symbol.asyncDispose]() {} }], { runs: 30 });
}, 600_000);
