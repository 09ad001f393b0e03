import type { EventDraft } from '../event/draft.ts';
import type { Instant, Report } from '../event/event.ts';
import { InputError } from '../event/input-error.ts';
import { now as currentInstant } from '../event/instant.ts';
import type { Appended, Journal } from '../journal/journal.ts';
import type { Store } from '../store/store.ts';
import type { Intake, ReportError, ReportResult, ReportWait } from './intake.ts';
import { defaultLimits, type IntakeLimits } from './limits.ts';
import { validate } from './validate.ts';

/** How long a report waits to be stored before it is answered as accepted, in milliseconds. */
const storedWithin = 5_000;

export interface IntakeOptions {
  readonly journal: Journal;
  readonly store: Pick<Store, 'untilStored'>;
  readonly limits?: IntakeLimits;
  readonly storeRaw?: boolean;
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
  now = currentInstant,
  onClockAhead,
}: IntakeOptions): Intake {
  const append = (reports: readonly Report[]): Promise<Appended[]> =>
    reports.length === 0 ? Promise.resolve([]) : journal.append(reports);

  function validated(drafts: readonly EventDraft[]): Checked[] {
    if (drafts.length > limits.events) {
      throw new InputError(
        ['events'],
        `There are ${drafts.length} events: give ${limits.events} at most in one call.`,
      );
    }
    const recordedAt = now();
    return drafts.map((draft) => validate(draft, recordedAt, { limits, storeRaw, onClockAhead }));
  }

  async function record(checked: readonly Checked[], wait: ReportWait): Promise<ReportResult[]> {
    const places = await append(checked.filter(isReport));
    const stored = wait === 'STORED' && (await untilStored(store, places));
    const next = places.values();
    return checked.map((each) =>
      isReport(each)
        ? recorded(each, next.next().value, stored)
        : { status: 'REJECTED', errors: each },
    );
  }

  // The drafts are not held while their reports are on their way.
  return { report: async (drafts, wait) => record(validated(drafts), wait) };
}

type Checked = Report | readonly ReportError[];

const isReport = (checked: Checked): checked is Report => !Array.isArray(checked);

function untilStored(store: Pick<Store, 'untilStored'>, places: readonly Appended[]) {
  const last = places.reduce((highest, { index }) => Math.max(highest, index), 0);
  return store.untilStored(last, storedWithin);
}

function recorded(report: Report, place: Appended | undefined, stored: boolean): ReportResult {
  if (place === undefined) throw new Error('the journal answered fewer places than reports');
  const status = stored ? 'STORED' : 'ACCEPTED';
  return { status: place.duplicate ? 'DUPLICATE' : status, index: place.index, report };
}
