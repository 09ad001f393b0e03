import { afterAll, beforeAll, describe } from 'vitest';
import { pglitePlace, type StorePlace } from '../store/harness.ts';
import { sinkTableContract } from './table-contract.ts';

describe('The tables of sinks over PGlite', () => {
  let place: StorePlace;
  beforeAll(async () => {
    place = await pglitePlace();
  });
  afterAll(() => place[Symbol.asyncDispose]());
  sinkTableContract(() => place.store);
});
