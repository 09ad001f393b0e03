import { expect, test } from 'vitest';
import { Tenants } from './tenants.ts';

test.each([
  ['the embedded journal', {}],
  ['the embedded journal in PGlite', { embedded: true }],
])(
  'on %s a tenant neither learns anything of another nor changes anything of theirs',
  async (_name, where) => {
    await using tenants = await Tenants.open(where);
    await tenants.attack(1_000, 1);
    expect(tenants.attempts).toBeGreaterThanOrEqual(1_000);
  },
);
