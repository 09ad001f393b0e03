const unitsMs: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** The moment that `--expires` means: 30d from now, or an instant as it is; null without it. */
export function expiryOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  const [, amount, unit = ''] = /^(\d{1,6})([mhdw])$/.exec(text) ?? [];
  if (amount === undefined) return text;
  return new Date(Date.now() + Number(amount) * (unitsMs[unit] ?? 0)).toISOString();
}
