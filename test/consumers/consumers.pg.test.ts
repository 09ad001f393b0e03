import { afterAll, beforeAll, describe } from 'vitest';
import { postgresAvailable } from '../postgres.ts';
import { postgresPlace, type StorePlace } from '../store/harness.ts';
import { consumerContract } from './contract.ts';

describe.skipIf(!(await postgresAvailable()))('Durable consumers over PostgreSQL', () => {
  let place: StorePlace;
  beforeAll(async () => {
    place = await postgresPlace();
  });
  afterAll(() => place[Symbol.asyncDispose]());
  consumerContract(() => place.store.consumers);
});
