import { Unavailable } from '../runtime/unavailable.ts';
import type { Appended } from './journal.ts';

/**
 * Why a report is not in the journal. UNAVAILABLE passes: the same report may be appended later. With any other
 * code it never will be, whoever tries.
 */
export interface NotAppended {
  readonly code: 'TOO_LONG' | 'INVALID' | 'CONFLICT' | 'UNAVAILABLE';
  /** A sentence. */
  readonly message: string;
}

/** The answer to a report whose id another namespace owns. It does not name that namespace. */
export const idConflict: NotAppended = {
  code: 'CONFLICT',
  message: 'The id belongs to an event of another namespace: give another id, or leave it out.',
};

export type AppendOutcome = Appended | NotAppended;

export const isAppended = (outcome: AppendOutcome): outcome is Appended => 'index' in outcome;

/** Some reports of an append are not in the journal, and the others are, or never will be. */
export class AppendError extends Error {
  override readonly name = 'AppendError';
  /** One for each report, in order. */
  readonly outcomes: readonly AppendOutcome[];

  constructor(outcomes: readonly AppendOutcome[]) {
    super('Some of the reports were not appended.');
    this.outcomes = outcomes;
  }
}

/** The outcomes where all are appended. @throws AppendError, Unavailable: see Journal.append */
export function allAppended(outcomes: readonly AppendOutcome[]): Appended[] {
  const appended = outcomes.filter(isAppended);
  if (appended.length === outcomes.length) return appended;
  const failed = outcomes.find((outcome) => !isAppended(outcome) && outcome.code === 'UNAVAILABLE');
  if (appended.length === 0 && failed !== undefined && !isAppended(failed)) {
    throw new Unavailable(failed.message);
  }
  throw new AppendError(outcomes);
}
