import { afterAll, beforeAll, describe } from 'vitest';
import { postgresAvailable } from '../postgres.ts';
import { figuresContract } from './figures-contract.ts';
import { postgresPlace, type StorePlace } from './place.ts';
import { searchContract } from './search-contract.ts';
import { writeContract } from './write-contract.ts';

describe.skipIf(!(await postgresAvailable()))('The store over PostgreSQL', () => {
  let place: StorePlace;
  beforeAll(async () => {
    place = await postgresPlace();
  });
  afterAll(() => place[Symbol.asyncDispose]());
  const store = () => place.store;

  searchContract(store, 100);
  writeContract(store);
  figuresContract(store);
});
