import { describe } from 'vitest';
import { bootGateway } from '../harness.ts';
import { postgresAvailable, startDatabase } from '../postgres.ts';
import { describeContract } from './contract.ts';

describe.runIf(await postgresAvailable())('with PostgreSQL', () => {
  describeContract('the embedded journal and PostgreSQL', async () => {
    const database = await startDatabase();
    const gateway = await bootGateway({ environment: { DATABASE_URL: database.url } });
    return {
      gateways: [gateway],
      async [Symbol.asyncDispose]() {
        await gateway[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
      },
    };
  });
});
