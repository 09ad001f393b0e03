import { afterAll, beforeAll, describe } from 'vitest';
import { postgresAvailable } from '../postgres.ts';
import { postgresHarness, type StoreHarness } from '../store/harness.ts';
import { consumerContract } from './contract.ts';

describe.skipIf(!(await postgresAvailable()))('Durable consumers over PostgreSQL', () => {
  let harness: StoreHarness;
  beforeAll(async () => {
    harness = await postgresHarness();
  });
  afterAll(() => harness[Symbol.asyncDispose]());
  consumerContract(() => harness.store.consumers);
});
