import { expect, test, vi } from 'vitest';
import { PgliteConnection } from '../../src/store/database/pglite.ts';
import { type OpenStore, openStore } from '../../src/store/open.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { temporaryPglite } from '../database.ts';

const token = { name: 'a', roles: [], expiresAtMs: null, createdBy: null };

test('empty lists of what is managed are answered without Prisma; it is loaded for the first row', async () => {
  await using database = await temporaryPglite();
  const open = () => openStore({ ...database, exclusive: true, log: createLog('silent') });
  using loaded = vi.spyOn(PgliteConnection.prototype, 'prisma');
  const lists = async (store: OpenStore) => [
    await store.sinks.list(),
    await store.sinks.list({ origin: 'FILE' }),
    await store.alarmRules.list(),
    await store.silences.list(null, 0),
    await store.tokens.list(),
  ];
  {
    await using store = await open();
    expect(await lists(store)).toEqual([[], [], [], [], []]);
    expect(loaded).not.toHaveBeenCalled();
    await store.tokens.create(token, 'digest');
    expect(loaded).toHaveBeenCalledTimes(1);
  }
  await using store = await open();
  expect(await lists(store)).toMatchObject([[], [], [], [], [token]]);
  expect(loaded).toHaveBeenCalledTimes(2);
});
