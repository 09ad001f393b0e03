import { InputError } from '../event/input-error.ts';
import type { DialectContext } from './dialect.ts';

/** The index after which a feed resumes. If it cannot, `gone` is the oldest index to resume from. */
export type Resumption =
  | { readonly afterIndex: number; readonly gone: null }
  | { readonly gone: number };

/**
 * Reads the index to resume after, before the stream begins: the status of the response can still say that it is not
 * possible.
 * @throws InputError where it is not an index, or is beyond the journal's last index; Unavailable
 */
export async function resumeFrom(
  text: string,
  { store, journal }: DialectContext,
): Promise<Resumption> {
  const afterIndex = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(afterIndex)) {
    throw new InputError(['after'], 'after must be an index: a whole number, 0 or more.');
  }
  const [firstIndex, lastIndex] = await Promise.all([store.firstIndex(), journal.lastIndex()]);
  if (afterIndex > lastIndex) {
    throw new InputError(['after'], `after lies beyond the last index, which is ${lastIndex}.`);
  }
  // 0 asks for everything that is kept.
  const expired = firstIndex !== null && afterIndex > 0 && afterIndex < firstIndex;
  return expired ? { gone: firstIndex } : { afterIndex, gone: null };
}
