import { InputError } from '../event/input-error.ts';

/** How many rows an argument asks for. @throws InputError below 0 and above the maximum */
export function pageSize(
  asked: number | null | undefined,
  { argument, fallback, max }: { argument: string; fallback: number; max: number },
): number {
  const size = asked ?? fallback;
  if (size < 0) throw new InputError([argument], `${size} is less than nothing.`);
  if (size > max) throw new InputError([argument], `At most ${max} can be asked for, not ${size}.`);
  return size;
}
