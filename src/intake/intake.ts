import type { EventDraft } from '../event/draft.ts';
import type { Report } from '../event/event.ts';

/** ACCEPTED: answer when the journal has it. STORED: when queries show it, after 5 s ACCEPTED all the same. */
export type ReportWait = 'ACCEPTED' | 'STORED';

/** UNAVAILABLE passes: the same event may be reported again. The others stay until the event is changed. */
export type ReportErrorCode =
  | 'REQUIRED'
  | 'INVALID'
  | 'TOO_LONG'
  | 'TOO_MANY'
  | 'FORBIDDEN'
  | 'CONFLICT'
  | 'UNAVAILABLE';

/** Whether somebody may record a report. */
export type MayReport = (report: Report) => boolean;

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

/** Where every event is reported, whatever its dialect. */
export interface Intake {
  /**
   * Validates each draft for itself, appends the good ones in order, and answers one result a draft.
   * Resolves only after the append. When a part of them could not be recorded for now, each of those is rejected
   * with UNAVAILABLE and the others are answered as recorded. Whoever repeats the whole call instead of answering
   * somebody passes the results through `requireRecorded`.
   *
   * @throws Unavailable when none is known to be recorded. Where an acknowledgement was lost, a report may be
   *   recorded all the same: repeating the call is harmless for drafts that carry ids, and only for those.
   */
  report(
    drafts: readonly EventDraft[],
    wait: ReportWait,
    /** Reports that it is false of are rejected with FORBIDDEN. By default nobody reports what the gateway itself does. */
    mayReport?: MayReport,
  ): Promise<ReportResult[]>;
}
