import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { OpenStore } from '../../../src/store/open.ts';
import { report } from '../../journal/report.ts';
import { putEvents } from '../harness.ts';

/** Strings that traits are compared with, for any database. */
export function traitTextContract(storeOf: () => OpenStore, runs: number): void {
  describe('the string of a trait', () => {
    let store: OpenStore;
    beforeAll(() => {
      store = storeOf();
    });

    test('a trait is found by its string, whatever characters it has', async () => {
      const name = 'whole "name"';
      const character = fc.oneof(
        fc.constantFrom(...'\\"\'$*?()[]{}^.|+/&\u2028\u2029\ufeff\uffff\ud800\udc00'),
        fc.integer({ min: 1, max: 0x10ffff }).map((point) => String.fromCodePoint(point)),
        fc.integer({ min: 1, max: 0x9f }).map((point) => String.fromCodePoint(point)),
      );
      await fc.assert(
        fc.asyncProperty(
          fc.array(character, { minLength: 1, maxLength: 8 }).map((list) => list.join('')),
          async (value) => {
            const kept = value.replace(/\p{Surrogate}/gu, '\ufffd');
            const [event] = await putEvents(store, [
              report({ traits: [{ name, type: 'TEXT', value: kept }] }),
            ]);
            for (const op of ['EQ', 'CONTAINS', 'PREFIX', 'LTE'] as const) {
              const traits = [{ name, op, operand: { type: 'TEXT', value } }] as const;
              const ids = [event?.id as string];
              expect(await store.count({ ids, traits })).toBe(1);
            }
          },
        ),
        { numRuns: runs },
      );
    });

    test.each(['EQ', 'NE', 'CONTAINS', 'PREFIX', 'LT'] as const)(
      'a NUL in the string of %s is bad input',
      async (op) => {
        const traits = [{ name: 'a', op, operand: { type: 'TEXT', value: 'a\0' } }] as const;
        await expect(store.count({ traits })).rejects.toMatchObject({ name: 'InputError' });
      },
    );

    test('a string that is too long to be searched for in a trait is bad input', async () => {
      const contains = (length: number) => {
        const operand = { type: 'TEXT', value: 'a'.repeat(length) } as const;
        return store.count({ traits: [{ name: 'a', op: 'CONTAINS', operand }] });
      };
      await expect(contains(9_900)).resolves.toBe(0);
      await expect(contains(100_000)).rejects.toMatchObject({ name: 'InputError' });
    });
  });
}
