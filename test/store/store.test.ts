import { afterAll, beforeAll, describe } from 'vitest';
import { pglitePlace, type StorePlace } from './harness.ts';
import { searchContract } from './read/search-contract.ts';
import { statisticsContract } from './read/statistics-contract.ts';
import { traitTextContract } from './read/trait-text-contract.ts';
import { tokensContract } from './write/tokens-contract.ts';
import { writeContract } from './write/write-contract.ts';

describe('The store over PGlite', () => {
  let place: StorePlace;
  beforeAll(async () => {
    place = await pglitePlace();
  });
  afterAll(() => place[Symbol.asyncDispose]());
  const store = () => place.store;

  searchContract(store, 150);
  writeContract(store);
  tokensContract(store);
  statisticsContract(store);
  traitTextContract(store, 100);
});
