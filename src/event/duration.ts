import { InputError, quoted } from './input-error.ts';

/** Microseconds in each unit of a plain duration. */
const units = {
  us: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
  w: 604_800_000_000,
} as const;

const number = String.raw`(\d{1,15}(?:\.\d{1,9})?)`;
const plain = new RegExp(`^${number}(us|ms|s|m|h|d|w)$`);
const iso = new RegExp(
  `^P(?=[\\dT])(?:${number}W)?(?:${number}D)?(?:T(?=\\d)(?:${number}H)?(?:${number}M)?(?:${number}S)?)?$`,
);
const calendar = /^(?:P[^T]*\d[YM]|\d+(?:\.\d+)?(?:y|M|mo|months?|years?)$)/;

/**
 * Reads a length of time in microseconds: 500ms, 90s, 5m, 1h, 7d, 2w, or ISO 8601: PT5M, P1DT12H. Months
 * and years have no fixed length and are rejected.
 * @param path the argument that holds it, for the error
 * @throws InputError
 */
export function parseDuration(text: string, path: readonly string[]): number {
  const microseconds = Math.round(plainDuration(text) ?? isoDuration(text) ?? Number.NaN);
  if (Number.isSafeInteger(microseconds)) return microseconds;
  if (calendar.test(text)) {
    throw new InputError(
      path,
      `${quoted(text)} is not a fixed length of time: months and years differ, so give days (30d or P30D).`,
    );
  }
  throw new InputError(
    path,
    Number.isNaN(microseconds)
      ? `${quoted(text)} is not a length of time: write 500ms, 90s, 5m, 1h, 7d or ISO 8601 (PT5M).`
      : `${quoted(text)} is too long: at most about 285 years (100000d) can be counted.`,
  );
}

function plainDuration(text: string): number | undefined {
  const [, amount, unit] = plain.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) * units[unit as keyof typeof units];
}

function isoDuration(text: string): number | undefined {
  const parts = iso.exec(text);
  if (!parts) return undefined;
  const lengths = [units.w, units.d, units.h, units.m, units.s];
  return lengths.reduce((sum, length, at) => sum + Number(parts[at + 1] ?? 0) * length, 0);
}
