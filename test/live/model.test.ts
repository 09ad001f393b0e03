import { afterAll, beforeAll, test } from 'vitest';
import { EmbeddedJournal } from '../../src/journal/embedded.ts';
import { type OpenStore, openStore } from '../../src/store/open.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { type DataDirectory, dataDirectory } from '../pglite.ts';
import { holdsForFollowers } from './model.ts';

let directory: DataDirectory;
let store: OpenStore;
beforeAll(async () => {
  directory = await dataDirectory();
  const log = createLog('silent');
  const options = { databaseUrl: null, dataDirectory: directory.path, exclusive: true, log };
  store = await openStore(options);
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

test('followers of the embedded journal are given every event once, in order', async () => {
  const open = async () => {
    const journal = await EmbeddedJournal.open(store);
    return { journal, store, [Symbol.asyncDispose]: () => journal[Symbol.asyncDispose]() };
  };
  await holdsForFollowers(open, { gateways: 1, runs: 60 });
}, 300_000);
