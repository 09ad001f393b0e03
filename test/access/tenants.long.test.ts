import { expect, test } from 'vitest';
import { Tenants } from './tenants.ts';

test.each([
  ['the embedded journal', {}],
  ['the embedded journal in PGlite', { embedded: true }],
])(
  'by 10,000 attempts on %s a tenant neither learns anything of another nor changes anything of theirs',
  async (_name, where) => {
    await using tenants = await Tenants.open(where);
    await tenants.attack(10_000, Date.now());
    expect(tenants.attempts).toBeGreaterThanOrEqual(10_000);
  },
);
