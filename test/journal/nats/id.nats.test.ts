import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EmptyStore, NatsHarness, openNatsJournal, silent, within } from './harness.ts';

let at: NatsHarness;
beforeEach(async () => {
  at = await NatsHarness.start();
});
afterEach(() => at[Symbol.asyncDispose]());

/** The id of the journal that a gateway opens on a store. */
async function idOver(store: EmptyStore): Promise<string> {
  await using journal = openNatsJournal(at.server.url, 'TIDINGS', store, silent);
  await vi.waitFor(() => expect(journal.healthReason()).toBeNull(), within);
  return journal.id;
}

describe('the id of the journal', () => {
  test('is the same for every gateway, and after the stream alone or the store alone was lost', async () => {
    const id = await idOver(at.store);
    expect(await idOver(at.store)).toBe(id);
    expect(await idOver(new EmptyStore())).toBe(id);
    await at.deleteStream();
    expect(await idOver(at.store)).toBe(id);
  });

  test('is another after both were lost, and where a new store numbers the same stream differently', async () => {
    const id = await idOver(at.store);
    await at.deleteStream();
    const renewed = new EmptyStore();
    expect(await idOver(renewed)).not.toBe(id);

    const numbered = new EmptyStore();
    numbered.storedIndex = 100;
    const shifted = await idOver(numbered);
    expect(shifted).not.toBe(await idOver(new EmptyStore()));
  });

  test('is not known until the store has answered', async () => {
    await at.server.stop();
    const journal = at.open();
    expect(() => journal.id).toThrow(/not been reached|cannot be reached/);
  });
});
