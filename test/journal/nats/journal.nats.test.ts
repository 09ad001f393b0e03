import { afterAll, beforeAll } from 'vitest';
import { type NatsServer, startNatsServer } from '../../nats-server.ts';
import { pglitePlace, type StorePlace } from '../../store/harness.ts';
import { journalContract } from '../contract.ts';
import { openNatsJournal } from './harness.ts';

let server: NatsServer;
let place: StorePlace;
beforeAll(async () => {
  [server, place] = await Promise.all([startNatsServer(), pglitePlace()]);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

let streams = 0;

/** Each test has a stream of its own, under one store that nobody fills. */
journalContract('NATS', async () => {
  streams += 1;
  const name = `CONTRACT_${streams}`;
  return {
    open: async () => openNatsJournal(server.url, name, place.store),
    async [Symbol.asyncDispose]() {},
  };
});
