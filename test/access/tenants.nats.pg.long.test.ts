import { expect, test } from 'vitest';
import { postgresAvailable } from '../postgres.ts';
import { startNatsAndPostgres } from './nats-and-postgres.ts';
import { Tenants } from './tenants.ts';

test.skipIf(!(await postgresAvailable()))(
  'by 10,000 attempts on NATS a tenant neither learns anything of another nor changes anything of theirs',
  async () => {
    await using where = await startNatsAndPostgres();
    await using tenants = await Tenants.open(where);
    await tenants.attack(10_000, Date.now());
    expect(tenants.attempts).toBeGreaterThanOrEqual(10_000);
  },
);
