import type { EventDraft } from '../event/draft.ts';
import type { Report } from '../event/event.ts';

/** ACCEPTED: answer when the journal has it. STORED: when queries show it, after 5 s ACCEPTED all the same. */
export type ReportWait = 'ACCEPTED' | 'STORED';

export type ReportErrorCode = 'REQUIRED' | 'INVALID' | 'TOO_LONG' | 'TOO_MANY' | 'FORBIDDEN';

export interface ReportError {
  /** The field of the draft at fault: ['traits', '0', 'value']. */
  readonly path: readonly string[];
  readonly code: ReportErrorCode;
  /** One sentence that says what to change. */
  readonly message: string;
}

export type ReportResult =
  | {
      readonly status: 'STORED' | 'ACCEPTED' | 'DUPLICATE';
      readonly index: number;
      /** The report as it was recorded: with its id, times and expanded tags. */
      readonly report: Report;
    }
  | { readonly status: 'REJECTED'; readonly errors: readonly ReportError[] };

/** The door for everything that reports events, whatever its dialect. */
export interface Intake {
  /**
   * Validates each draft for itself, appends the good ones in order, and answers one result a draft.
   * Resolves only after the append. @throws Unavailable when the journal is away: then nothing is answered
   * and repeating the same drafts is harmless where they carry ids.
   */
  report(drafts: readonly EventDraft[], wait: ReportWait): Promise<ReportResult[]>;
}
