import { v7 } from 'uuid';
import type { EventDraft } from '../event/draft.ts';
import { Backoff, pause } from '../runtime/backoff.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { Log } from '../telemetry/log.ts';
import { logUnexpectedError } from '../telemetry/unexpected-error.ts';
import type { Intake, ReportResult } from './intake.ts';
import { requireRecorded } from './rejected.ts';

const shortestPauseMs = 100;
const longestPauseMs = 3_000;
/** A draft that fails unexpectedly this often is set aside. */
const maxFailures = 3;

interface RetryOptions {
  /** Once it is aborted, an unavailable journal is not waited for any longer. */
  readonly signal: AbortSignal;
  /** Called before each pause, with the reason as a sentence. */
  readonly whileUnavailable?: ((reason: string) => unknown) | undefined;
}

export interface PersistentReportOptions extends RetryOptions {
  readonly intake: Intake;
  readonly log: Log;
  /** Drafts of one call of the intake. */
  readonly maxBatch: number;
}

/**
 * Reports drafts of a sender that cannot repeat them, and resolves with one result for each, in order. While the
 * journal is down it tries again; a draft that fails for another reason is answered REJECTED alone.
 * @throws Unavailable once the signal is aborted
 */
export async function reportPersistently(
  drafts: readonly EventDraft[],
  options: PersistentReportOptions,
): Promise<ReportResult[]> {
  // With ids, reporting them once more is harmless.
  const identified = drafts.map((draft) => (draft.id ? draft : { ...draft, id: v7() }));
  const results: ReportResult[] = [];
  for (let first = 0; first < identified.length; first += options.maxBatch) {
    const batch = identified.slice(first, first + options.maxBatch);
    results.push(...(await reportBatch(batch, options)));
  }
  return results;
}

async function reportBatch(
  batch: readonly EventDraft[],
  options: PersistentReportOptions,
): Promise<readonly ReportResult[]> {
  try {
    return await retryWhileUnavailable(
      async () => requireRecorded(await options.intake.report(batch, 'ACCEPTED')),
      options,
    );
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    logUnexpectedError(options.log, { error, where: 'reporting a batch' });
  }
  // One draft must not keep the others out.
  const results: ReportResult[] = [];
  for (const draft of batch) results.push(await reportAlone(draft, options));
  return results;
}

async function reportAlone(
  draft: EventDraft,
  options: PersistentReportOptions,
): Promise<ReportResult> {
  const backoff = new Backoff(shortestPauseMs, longestPauseMs);
  for (let failures = 1; ; failures++) {
    try {
      const report = async () => requireRecorded(await options.intake.report([draft], 'ACCEPTED'));
      const [result] = await retryWhileUnavailable(report, options);
      if (result !== undefined) return result;
      throw new Error('the intake answered no result');
    } catch (error) {
      if (error instanceof Unavailable) throw error;
      if (failures >= maxFailures) return setAside;
      await pause(backoff.next(), options.signal);
    }
  }
}

const setAside: ReportResult = {
  status: 'REJECTED',
  errors: [{ path: [], code: 'INVALID', message: 'Recording it failed unexpectedly.' }],
};

/** Calls again, with growing pauses, while the answer is Unavailable. @throws Unavailable once the signal is aborted */
async function retryWhileUnavailable<Answer>(
  call: () => Promise<Answer>,
  { signal, whileUnavailable }: RetryOptions,
): Promise<Answer> {
  const backoff = new Backoff(shortestPauseMs, longestPauseMs);
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof Unavailable) || signal.aborted) throw error;
      await whileUnavailable?.(error.message);
      await pause(backoff.next(), signal);
    }
  }
}
