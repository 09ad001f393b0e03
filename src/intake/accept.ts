import { isAudit } from '../event/audit.ts';
import type { EventDraft } from '../event/draft.ts';
import type { Instant, Report } from '../event/event.ts';
import { InputError, quoted } from '../event/input-error.ts';
import { now as currentInstant } from '../event/instant.ts';
import {
  AppendError,
  type AppendOutcome,
  isAppended,
  type NotAppended,
} from '../journal/append-outcome.ts';
import type { Journal } from '../journal/journal.ts';
import type { Store } from '../store/store.ts';
import type { Intake, MayReport, ReportError, ReportResult, ReportWait } from './intake.ts';
import { defaultLimits, type IntakeLimits } from './limits.ts';
import { validate } from './validate.ts';

/** How long a report waits to be stored before it is answered as accepted. */
const storedWithinMs = 5_000;

export interface IntakeOptions {
  readonly journal: Journal;
  readonly store: Pick<Store, 'untilStored'>;
  readonly limits?: IntakeLimits;
  readonly storeRaw?: boolean;
  /** See ValidateOptions.keepTraceparent. */
  readonly keepTraceparent?: boolean;
  readonly now?: () => Instant;
  /** See ValidateOptions.onClockAhead. */
  readonly onClockAhead?: (draft: EventDraft) => void;
}

/** The intake over a journal: validates, appends, and waits for the store where that is asked for. */
export function createIntake({
  journal,
  store,
  limits = defaultLimits,
  storeRaw = true,
  keepTraceparent = false,
  now = currentInstant,
  onClockAhead,
}: IntakeOptions): Intake {
  const options = { limits, storeRaw, keepTraceparent, onClockAhead };

  async function append(reports: readonly Report[]): Promise<readonly AppendOutcome[]> {
    if (reports.length === 0) return [];
    try {
      return await journal.append(reports);
    } catch (error) {
      if (error instanceof AppendError) return error.outcomes;
      throw error;
    }
  }

  function validated(drafts: readonly EventDraft[], mayReport: MayReport): Checked[] {
    if (drafts.length > limits.events) {
      throw new InputError(
        ['events'],
        `There are ${drafts.length} events: give ${limits.events} at most in one call.`,
      );
    }
    const recordedAt = now();
    return drafts.map((draft) => {
      const checked = validate(draft, recordedAt, options);
      return !isReport(checked) || mayReport(checked) ? checked : [forbidden(checked)];
    });
  }

  async function record(checked: readonly Checked[], wait: ReportWait): Promise<ReportResult[]> {
    const outcomes = await append(checked.filter(isReport));
    const stored = wait === 'STORED' && (await untilStored(store, outcomes));
    const next = outcomes.values();
    return checked.map((each) =>
      isReport(each)
        ? resultOf(each, next.next().value, stored)
        : { status: 'REJECTED', errors: each },
    );
  }

  // The drafts are not held while their reports are on their way.
  return {
    report: async (drafts, wait, mayReport = isNotAudit) =>
      record(validated(drafts, mayReport), wait),
  };
}

const isNotAudit: MayReport = (report) => !isAudit(report);

const forbidden = ({ namespace, category }: Report): ReportError => ({
  path: [],
  code: 'FORBIDDEN',
  message: `You may not report events of category ${quoted(category)} in namespace ${quoted(namespace)}.`,
});

type Checked = Report | readonly ReportError[];

const isReport = (checked: Checked): checked is Report => !Array.isArray(checked);

function untilStored(store: Pick<Store, 'untilStored'>, outcomes: readonly AppendOutcome[]) {
  const indexes = outcomes.map((outcome) => (isAppended(outcome) ? outcome.index : 0));
  return store.untilStored(Math.max(0, ...indexes), storedWithinMs);
}

function resultOf(
  report: Report,
  outcome: AppendOutcome | undefined,
  stored: boolean,
): ReportResult {
  if (outcome === undefined) throw new Error('The journal answered fewer outcomes than reports.');
  if (!isAppended(outcome)) return { status: 'REJECTED', errors: [errorOf(report, outcome)] };
  const status = stored ? 'STORED' : 'ACCEPTED';
  return { status: outcome.duplicate ? 'DUPLICATE' : status, index: outcome.index, report };
}

/** An acknowledgement that was lost leaves open whether the report is recorded: under its id it is only once. */
function errorOf({ id }: Report, { code, message }: NotAppended): ReportError {
  const again = code === 'UNAVAILABLE' ? ` Report this event again, with the id ${id}.` : '';
  return { path: code === 'CONFLICT' ? ['id'] : [], code, message: `${message}${again}` };
}
