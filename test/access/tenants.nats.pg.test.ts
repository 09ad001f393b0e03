import { expect, test } from 'vitest';
import { postgresAvailable } from '../postgres.ts';
import { startNatsAndPostgres } from './nats-and-postgres.ts';
import { Tenants } from './tenants.ts';

test.skipIf(!(await postgresAvailable()))(
  'on NATS a tenant neither learns anything of another nor changes anything of theirs',
  async () => {
    await using where = await startNatsAndPostgres();
    await using tenants = await Tenants.open(where);
    await tenants.attack(1_000, 2);
    expect(tenants.attempts).toBeGreaterThanOrEqual(1_000);
  },
);
