import { describe } from 'vitest';
import { createLog } from '../../src/telemetry/log.ts';
import { postgresAvailable, startDatabase } from '../postgres.ts';
import { limitedReadsContract } from './limited-reads-contract.ts';

describe.skipIf(!(await postgresAvailable()))('PostgreSQL', () => {
  limitedReadsContract(async () => {
    const database = await startDatabase();
    return {
      databaseUrl: database.url,
      dataDirectory: '',
      exclusive: true,
      log: createLog('silent'),
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    };
  });
});
