import { InputError } from '../event/input-error.ts';

/** How many rows an argument asks for. @throws InputError below 0 and above the maximum */
export function pageSize(
  asked: number,
  { argument, max }: { readonly argument: string; readonly max: number },
): number {
  if (asked >= 0 && asked <= max) return asked;
  throw new InputError([argument], `${argument} must be between 0 and ${max}, got ${asked}.`);
}

/** The first entries of a list that was read with a limit of one more. */
export function truncatedTo<Entry>(
  limit: number,
  entries: readonly Entry[],
): { readonly entries: readonly Entry[]; readonly truncated: boolean } {
  return { entries: entries.slice(0, limit), truncated: entries.length > limit };
}
