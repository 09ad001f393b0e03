import type { Quota } from '../access/quota.ts';
import type { EventDraft } from '../event/draft.ts';
import { stringifyJson } from '../event/json.ts';
import type { Intake } from './intake.ts';

/** The intake as somebody with limits has it. @throws RateLimited from a report that is beyond them */
export const limitedIntake = (intake: Intake, quota: Quota): Intake => ({
  async report(drafts, wait, mayReport) {
    quota.takeReports(drafts.length, () => drafts.reduce((sum, draft) => sum + sizeOf(draft), 0));
    return await intake.report(drafts, wait, mayReport);
  },
});

function sizeOf(draft: EventDraft): number {
  try {
    return Buffer.byteLength(stringifyJson(draft));
  } catch {
    // It is nested too deeply to be written, and so to be recorded.
    return 0;
  }
}
