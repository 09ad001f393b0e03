import { afterAll, beforeAll, describe } from 'vitest';
import { pgliteHarness, type StoreHarness } from '../store/harness.ts';
import { sinkTableContract } from './table-contract.ts';

describe('The tables of sinks over PGlite', () => {
  let harness: StoreHarness;
  beforeAll(async () => {
    harness = await pgliteHarness();
  });
  afterAll(() => harness[Symbol.asyncDispose]());
  sinkTableContract(() => harness.store);
});
