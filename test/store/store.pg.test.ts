import { afterAll, beforeAll, describe } from 'vitest';
import { postgresAvailable } from '../postgres.ts';
import { postgresHarness, type StoreHarness } from './harness.ts';
import { rollupsContract } from './read/rollups-contract.ts';
import { searchContract } from './read/search-contract.ts';
import { statisticsContract } from './read/statistics-contract.ts';
import { traitTextContract } from './read/trait-text-contract.ts';
import { tokensContract } from './write/tokens-contract.ts';
import { writeContract } from './write/write-contract.ts';

describe.skipIf(!(await postgresAvailable()))('The store over PostgreSQL', () => {
  let harness: StoreHarness;
  beforeAll(async () => {
    harness = await postgresHarness();
  });
  afterAll(() => harness[Symbol.asyncDispose]());
  const store = () => harness.store;

  searchContract(store, 100);
  writeContract(store);
  tokensContract(store);
  statisticsContract(store);
  rollupsContract(store, 60);
  traitTextContract(store, 100);
});
