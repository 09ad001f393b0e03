import type { Log } from './log.ts';

const quietMs = 60_000;
const longestKind = 300;
const mostKinds = 1_000;

interface Kind {
  quietUntilMs: number;
  leftOut: number;
}

const kindsOf = new WeakMap<Log, Map<string, Kind>>();

/**
 * Logs an error that the code did not expect. Whoever can cause one can cause many: of each kind, which is where it was
 * caught and where it was thrown, one a minute is logged, with the number of those that were left out before it.
 */
export function logUnexpectedError(
  log: Log,
  fields: { readonly error: unknown; readonly where: string; readonly [name: string]: unknown },
): void {
  const kinds = kindsOf.get(log) ?? new Map<string, Kind>();
  kindsOf.set(log, kinds);
  const key = `${fields.where} ${thrownAt(fields.error)}`;
  const kind = kinds.get(key);
  const now = performance.now();
  if (kind !== undefined && now < kind.quietUntilMs) {
    kind.leftOut++;
    return;
  }
  const leftOut = kind?.leftOut ?? 0;
  if (kinds.size >= mostKinds) kinds.clear();
  kinds.set(key, { quietUntilMs: now + quietMs, leftOut: 0 });
  log.error({ ...fields, ...(leftOut > 0 && { leftOut }) }, 'Unexpected error.');
}

/** The first line of the stack below the message, which may hold what a client sent. */
function thrownAt(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const at = /^\s+at .*$/m.exec(error.stack ?? '')?.[0] ?? '';
  return `${error.name}${at}`.slice(0, longestKind);
}
