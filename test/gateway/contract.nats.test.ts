import { describe } from 'vitest';
import { postgresAvailable } from '../postgres.ts';
import { describeContract } from './contract.ts';
import { bootTwoGateways } from './shared.ts';

describe.runIf(await postgresAvailable())('with PostgreSQL', () => {
  describeContract('NATS and PostgreSQL, from one gateway to another', bootTwoGateways);
});
