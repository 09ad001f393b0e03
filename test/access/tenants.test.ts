import { expect, test } from 'vitest';
import { Tenants } from './tenants.ts';

test('a tenant neither learns anything of another nor changes anything of theirs', async () => {
  await using tenants = await Tenants.open();
  await tenants.attack(1_000, 1);
  expect(tenants.attempts).toBeGreaterThanOrEqual(1_000);
});
