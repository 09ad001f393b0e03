import { describe } from 'vitest';
import { postgresAvailable } from '../postgres.ts';
import { postgresHarness } from './harness.ts';
import { inPartitionsContract } from './in-partitions-contract.ts';

describe.skipIf(!(await postgresAvailable()))('A store in partitions over PostgreSQL', () => {
  inPartitionsContract(postgresHarness);
});
