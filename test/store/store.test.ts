import { afterAll, beforeAll, describe } from 'vitest';
import { figuresContract } from './figures-contract.ts';
import { pglitePlace, type StorePlace } from './place.ts';
import { searchContract } from './search-contract.ts';
import { writeContract } from './write-contract.ts';

describe('The store over PGlite', () => {
  let place: StorePlace;
  beforeAll(async () => {
    place = await pglitePlace();
  });
  afterAll(() => place[Symbol.asyncDispose]());
  const store = () => place.store;

  searchContract(store, 150);
  writeContract(store);
  figuresContract(store);
});
