import type { Scope } from '../access/scope.ts';
import { isAudit } from '../event/audit.ts';
import type { Intake } from './intake.ts';

/** The intake as somebody with these rights has it; the intake itself where they may report everything. */
export function scopedIntake(intake: Intake, { mayReport, mayEverywhere }: Scope): Intake {
  if (mayEverywhere('REPORT')) return intake;
  return {
    report: (drafts, wait, may = () => true) =>
      intake.report(drafts, wait, (report) => !isAudit(report) && mayReport(report) && may(report)),
  };
}
