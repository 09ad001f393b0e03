import { afterAll, beforeAll, describe } from 'vitest';
import { postgresAvailable } from '../postgres.ts';
import { postgresPlace, type StorePlace } from '../store/harness.ts';
import { sinkTableContract } from './table-contract.ts';

describe.skipIf(!(await postgresAvailable()))('The tables of sinks over PostgreSQL', () => {
  let place: StorePlace;
  beforeAll(async () => {
    place = await postgresPlace();
  });
  afterAll(() => place[Symbol.asyncDispose]());
  sinkTableContract(() => place.store);
});
