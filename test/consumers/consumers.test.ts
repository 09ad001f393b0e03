import { afterAll, beforeAll, describe } from 'vitest';
import { pgliteHarness, type StoreHarness } from '../store/harness.ts';
import { consumerContract } from './contract.ts';

describe('Durable consumers over PGlite', () => {
  let harness: StoreHarness;
  beforeAll(async () => {
    harness = await pgliteHarness();
  });
  afterAll(() => harness[Symbol.asyncDispose]());
  consumerContract(() => harness.store.consumers);
});
