import { describe } from 'vitest';
import { pgliteHarness } from './harness.ts';
import { inPartitionsContract } from './in-partitions-contract.ts';

describe('A store in partitions over PGlite', () => {
  inPartitionsContract(pgliteHarness);
});
