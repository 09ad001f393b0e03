import { afterAll, beforeAll, describe } from 'vitest';
import { postgresAvailable } from '../postgres.ts';
import { postgresHarness, type StoreHarness } from '../store/harness.ts';
import { sinkTableContract } from './table-contract.ts';

describe.skipIf(!(await postgresAvailable()))('The tables of sinks over PostgreSQL', () => {
  let harness: StoreHarness;
  beforeAll(async () => {
    harness = await postgresHarness();
  });
  afterAll(() => harness[Symbol.asyncDispose]());
  sinkTableContract(() => harness.store);
});
