import { afterAll, beforeAll, describe } from 'vitest';
import { pglitePlace, type StorePlace } from '../store/harness.ts';
import { consumerContract } from './contract.ts';

describe('Durable consumers over PGlite', () => {
  let place: StorePlace;
  beforeAll(async () => {
    place = await pglitePlace();
  });
  afterAll(() => place[Symbol.asyncDispose]());
  consumerContract(() => place.store.consumers);
});
