import { expect, test } from 'vitest';
import { Tenants } from './tenants.ts';

test('by 10,000 attempts a tenant neither learns anything of another nor changes anything of theirs', async () => {
  await using tenants = await Tenants.open();
  await tenants.attack(10_000, Date.now());
  expect(tenants.attempts).toBeGreaterThanOrEqual(10_000);
});
