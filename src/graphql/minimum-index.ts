import { GraphQLError } from 'graphql';
import { InputError } from '../event/input-error.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { GraphContext } from './context.ts';

const longestWait = 5_000;

/**
 * Waits until the store holds everything up to an index, at most 5 s.
 * @throws GraphQLError INDEX_AHEAD when the journal itself has not got that far, so that waiting is no use
 * @throws Unavailable when the store takes longer
 */
export async function untilStored(
  { store, journal }: GraphContext,
  minIndex: number | null | undefined,
): Promise<void> {
  if (minIndex === null || minIndex === undefined) return;
  if (minIndex < 0) throw new InputError(['minIndex'], 'An index is not negative.');
  if (store.storedIndex >= minIndex) return;
  const lastIndex = await journal.lastIndex();
  if (minIndex > lastIndex) {
    throw new GraphQLError(`minIndex is ahead of the journal, which ends at ${lastIndex}.`, {
      extensions: { code: 'INDEX_AHEAD', argument: ['minIndex'], lastIndex },
    });
  }
  if (await store.untilStored(minIndex, longestWait)) return;
  throw new Unavailable(
    `The store has not reached minIndex ${minIndex} within 5 s: it holds everything up to ${store.storedIndex}.`,
  );
}
