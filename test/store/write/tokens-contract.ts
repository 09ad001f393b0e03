import { describe, expect, test } from 'vitest';
import type { OpenStore } from '../../../src/store/open.ts';

/** Tokens and tickets in any database. */
export function tokensContract(opened: () => OpenStore): void {
  describe('tokens', () => {
    const ci = { name: 'ci', roles: ['team', 'reader'], createdBy: 'root', expiresAtMs: null };

    test('are found by their digest, listed newest first, and revoked once', async () => {
      const { tokens } = opened();
      const first = await tokens.create(ci, 'd1');
      const second = await tokens.create(
        { ...ci, name: 'cd', expiresAtMs: 1_800_000_000_000 },
        'd2',
      );
      expect(await tokens.find('d1')).toEqual(first);
      expect(first).toMatchObject({ ...ci, lastUsedAtMs: null, revokedAtMs: null });
      expect(second.expiresAtMs).toBe(1_800_000_000_000);
      expect((await tokens.list()).map(({ name }) => name)).toEqual(['cd', 'ci']);
      expect(await tokens.find('d3')).toBeNull();

      await tokens.used([first.id], 1_700_000_000_000);
      expect((await tokens.find('d1'))?.lastUsedAtMs).toBe(1_700_000_000_000);

      const revoked = await tokens.revoke(first.id);
      expect(revoked?.revokedAtMs).toBeGreaterThan(0);
      expect(await tokens.revoke(first.id)).toEqual(revoked);
      expect(await tokens.revokedAmong([first.id, second.id])).toEqual([first.id]);
      expect(await tokens.revoke('00000000-0000-4000-8000-000000000000')).toBeNull();
    });

    test('an existing secret is not created a second time', async () => {
      const { tokens } = opened();
      const made = await tokens.create(ci, 'd4');
      expect(await tokens.create({ ...ci, roles: ['admin'] }, 'd4')).toEqual(made);
    });

    test('a ticket that two show at the same time lets in one of them', async () => {
      const { tokens } = opened();
      const ticket = { principal: { name: 'ci' }, expiresAtMs: Date.now() + 30_000 };
      await tokens.createTicket(ticket, 't1');
      const used = await Promise.all([tokens.useTicket('t1'), tokens.useTicket('t1')]);
      expect(used.filter((each) => each !== null)).toEqual([ticket]);
      expect(await tokens.useTicket('t1')).toBeNull();
    });

    test('an expired ticket is not found', async () => {
      const { tokens } = opened();
      await tokens.createTicket({ principal: {}, expiresAtMs: Date.now() - 1 }, 't2');
      expect(await tokens.useTicket('t2')).toBeNull();
    });
  });
}
