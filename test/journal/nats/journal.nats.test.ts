import { afterAll, beforeAll } from 'vitest';
import { type NatsServer, startNatsServer } from '../../nats-server.ts';
import { pgliteHarness, type StoreHarness } from '../../store/harness.ts';
import { journalContract } from '../contract.ts';
import { openNatsJournal } from './harness.ts';

let server: NatsServer;
let harness: StoreHarness;
beforeAll(async () => {
  [server, harness] = await Promise.all([startNatsServer(), pgliteHarness()]);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await harness[Symbol.asyncDispose]();
});

let streams = 0;

/** Each test has a stream of its own, under one store that nobody fills. */
journalContract('NATS', async () => {
  streams += 1;
  const name = `CONTRACT_${streams}`;
  return {
    open: async () => openNatsJournal(server.url, name, harness.store),
    async [Symbol.asyncDispose]() {},
  };
});
