import type { EventDraft } from '../event/draft.ts';
import { stringifyJson } from '../event/json.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { SkipCounter } from '../telemetry/skip-counter.ts';
import type { ReportResult } from './intake.ts';

/** True for an event that was not recorded now, and may be reported again as it is. */
export const isRetryable = (result: ReportResult | undefined): boolean =>
  result?.status === 'REJECTED' && result.errors.some(({ code }) => code === 'UNAVAILABLE');

/** True for an event that the caller may not report. */
export const isForbidden = (result: ReportResult | undefined): boolean =>
  result?.status === 'REJECTED' && result.errors.some(({ code }) => code === 'FORBIDDEN');

/**
 * The results of a call, for whoever repeats the whole of it, under the same ids, until every report is recorded
 * or rejected for good. @throws Unavailable when one was not recorded now
 */
export function requireRecorded(results: readonly ReportResult[]): readonly ReportResult[] {
  const retryable = results.find(isRetryable);
  if (retryable?.status !== 'REJECTED') return results;
  throw new Unavailable(retryable.errors[0]?.message ?? 'A report was not recorded now.');
}

/**
 * Counts the drafts that will never be accepted, where no sender waits for an answer of its own.
 * @throws Unavailable as requireRecorded does
 */
export function skipRejected(
  skipped: SkipCounter,
  drafts: readonly EventDraft[],
  results: readonly ReportResult[],
): void {
  for (const [at, result] of requireRecorded(results).entries()) {
    if (result.status !== 'REJECTED') continue;
    skipped.skip(sampleOf(drafts[at]), result.errors[0]?.message ?? 'It is outside the limits.');
  }
}

/** A value that is nested too deeply to be written may be why the draft was rejected. */
function sampleOf(draft: EventDraft | undefined): Buffer {
  try {
    return Buffer.from(stringifyJson(draft));
  } catch {
    return Buffer.from(stringifyJson({ ...draft, value: undefined, raw: undefined }));
  }
}
