import type { EventDraft } from '../event/draft.ts';
import type { SkipCounter } from '../telemetry/skip-counter.ts';
import type { ReportResult } from './intake.ts';

/** Counts the drafts that are outside our limits, where no sender waits for an answer of its own. */
export function skipRejected(
  skipped: SkipCounter,
  drafts: readonly EventDraft[],
  results: readonly ReportResult[],
): void {
  for (const [at, result] of results.entries()) {
    if (result.status !== 'REJECTED') continue;
    const sample = Buffer.from(JSON.stringify(drafts[at]));
    skipped.skip(sample, result.errors[0]?.message ?? 'It is outside the limits.');
  }
}
