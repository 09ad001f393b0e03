import { Unavailable } from '../../runtime/unavailable.ts';

/** Why a statement failed that may succeed later. */
export interface Outage {
  readonly reason: string;
  /** True where the database itself cannot be reached, false where only this statement could not run now. */
  readonly unreachable: boolean;
}

/** The database could not be reached, or did not answer in time. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

/** All connections of the pool stayed in use for too long. */
export class Busy extends Error {
  override readonly name = 'Busy';
}

/** The database has no room to write. */
export class DiskFull extends Error {
  override readonly name = 'DiskFull';
}

/** Another process has the database to itself. */
export class InUse extends Error {
  override readonly name = 'InUse';
}

/** The SQLSTATE of a statement that was ended: by the time limit of its session, or by whoever asked it. */
export const cancelled = '57014';
/** The SQLSTATE of a write that the database has no room for. */
export const diskFull = '53100';

/** Conditions that pass, by class of SQLSTATE (PostgreSQL, appendix A): the session or the server is at fault, not the statement. */
const passing: Readonly<Record<string, boolean>> = {
  // connection exception, invalid authorization, invalid catalog name, read-only after a failover
  '080': true,
  '28': true,
  '3D': true,
  '25006': true,
  // out of disk, memory, connections
  '53': true,
  // shutdown, crash, starting up
  '57P': true,
  // system error
  '58': true,
  // deadlock or serialization failure, lock not available
  '40': false,
  '55P03': false,
  [cancelled]: false,
};

export const sentenceOf = ({ reason, unreachable }: Outage): string =>
  `${unreachable ? `The database cannot be reached: ${reason}` : reason}${/[.!?]$/.test(reason) ? '' : '.'}`;

/** Null where the statement is at fault, or the code around it. */
export function outageOf(error: unknown): Outage | null {
  if (error instanceof ConnectionError || error instanceof InUse || error instanceof DiskFull) {
    return { reason: error.message, unreachable: true };
  }
  if (error instanceof Busy) return { reason: error.message, unreachable: false };
  const state = sqlState(error);
  if (state === null) return null;
  const unreachable = passing[state] ?? passing[state.slice(0, 3)] ?? passing[state.slice(0, 2)];
  if (unreachable === undefined) return null;
  return { reason: sentences[state] ?? messageOf(error), unreachable };
}

/** What callers get for an error of the database: Unavailable where it may pass. */
export function asUnavailable(error: unknown): unknown {
  const outage = outageOf(error);
  return outage === null ? error : new Unavailable(sentenceOf(outage), { cause: error });
}

/** PostgreSQL's own messages for these states name files and relations, or say less. */
const sentences: Readonly<Record<string, string>> = {
  [diskFull]: "The database's disk is full",
  [cancelled]: 'The database took too long to answer',
};

/** The five characters by which PostgreSQL names an error; null for an error that is not the database's. */
export function sqlState(error: unknown): string | null {
  const { code, severity } =
    error instanceof Error ? (error as { code?: unknown; severity?: unknown }) : {};
  return typeof code === 'string' && typeof severity === 'string' ? code : null;
}

/** A connection attempt to several addresses fails with several errors and an empty message: the first error counts. */
export function messageOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  if (!(first instanceof Error)) return String(first);
  return first.message === '' ? first.name : first.message;
}

/** Prisma's messages begin with the code that asked. */
const lastLineOf = (error: unknown): string => messageOf(error).split('\n').at(-1) ?? '';

/** The driver's own error within an error of Prisma's client. */
export function driverErrorOf(error: unknown): unknown {
  const { code, meta } = error as { code?: unknown; meta?: { driverAdapterError?: Error } };
  const cause: { originalCode?: string; originalMessage?: string } =
    meta?.driverAdapterError?.cause ?? {};
  if (cause.originalCode !== undefined) {
    const said = { code: cause.originalCode, severity: 'ERROR' };
    return Object.assign(new Error(cause.originalMessage, { cause: error }), said);
  }
  // PGlite's adapter gives SQLSTATE as the code itself.
  if (typeof code === 'string' && /^(?!P[1-9])[0-9A-Z]{5}$/.test(code)) {
    const said = { code, severity: 'ERROR' };
    return Object.assign(new Error(lastLineOf(error), { cause: error }), said);
  }
  // Prisma's P2 codes are faults of the query; its P1 codes, and errors of others, are faults of the connection.
  if (typeof code === 'string' && code.startsWith('P2')) return error;
  return new ConnectionError(lastLineOf(error), { cause: error });
}

/**
 * True where the database will never take the values that it was given: 0A feature not supported, 22 data exception,
 * 23502 not null and 23514 check violation, 54 limit exceeded. A retry would fail in the same way.
 */
export const isRefusal = (error: unknown): boolean =>
  /^(0A|22|23502|23514|54)/.test(sqlState(error) ?? '');
