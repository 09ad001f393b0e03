import { InputError } from '../../event/input-error.ts';
import type { Intake, ReportResult, ReportWait } from '../../intake/intake.ts';
import type { Ceilometer, Reading } from './ceilometer.ts';
import type { Value } from './python/value.ts';

/** The result of one notification. */
export type NotificationResult = ReportResult | DroppedNotification;

/** It was read, and becomes no event; the reason is a sentence. */
export interface DroppedNotification {
  readonly status: 'DROPPED';
  readonly reason: string;
}

/** Reports notifications, each in either of its forms, and answers one result for each. */
export type ReportNotifications = (
  notifications: readonly Value[],
  wait: ReportWait,
) => Promise<readonly NotificationResult[]>;

/** A notification without a level is one of this. */
const level = 'info';

/**
 * Reports the notifications of a caller that waits for the answer, `maxNotifications` at most. It throws as the Intake
 * does, and InputError when there are more.
 */
export const createReportNotifications =
  (intake: Intake, ceilometer: Ceilometer, maxNotifications: number): ReportNotifications =>
  async (notifications, wait) => {
    if (notifications.length > maxNotifications) {
      throw new InputError(
        ['notifications'],
        `There are ${notifications.length} notifications: give ${maxNotifications} at most in one call.`,
      );
    }
    const readings = notifications.map((notification) => ceilometer.read(notification, level));
    const drafts = readings.flatMap((reading) =>
      reading.outcome === 'event' ? [reading.draft] : [],
    );
    const results = (await intake.report(drafts, wait)).values();
    return readings.map((reading) => resultOf(reading) ?? reported(results.next().value));
  };

/** Null for what went to the journal. */
function resultOf(reading: Reading): NotificationResult | null {
  switch (reading.outcome) {
    case 'event':
      return null;
    case 'dropped':
      return { status: 'DROPPED', reason: reading.reason };
    case 'rejected':
      return {
        status: 'REJECTED',
        errors: [{ path: [], code: 'INVALID', message: reading.reason }],
      };
  }
}

function reported(result: ReportResult | undefined): ReportResult {
  if (result === undefined) throw new Error('the intake answered fewer results than drafts');
  return result;
}
