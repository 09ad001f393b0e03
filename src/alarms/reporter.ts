import type { EventDraft } from '../event/draft.ts';
import type { Intake } from '../intake/intake.ts';
import type { IntakeLimits } from '../intake/limits.ts';
import { reportPersistently } from '../intake/persistent-report.ts';
import { Repeated } from '../runtime/repeated.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { AlarmCommit, AlarmRow, AlarmTable } from '../store/alarms/alarm-table.ts';
import type { Log } from '../telemetry/log.ts';
import { logUnexpectedError } from '../telemetry/unexpected-error.ts';
import { alarmDraft, groupDraft } from './alarm-event.ts';

const maxBatch = 500;
const lookEveryMs = 5_000;
/** Of a row that has not changed since it was written. */
const firstRevision = 1;

export interface ReporterOptions {
  readonly alarms: AlarmTable;
  readonly intake: Intake;
  readonly limits: IntakeLimits;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Reports the events of alarms after their rows are written: a row says that its event is to be reported until it is, so
 * that a gateway that ends in between loses nothing, and repeats a report at most.
 */
export class AlarmReporter implements AsyncDisposable {
  readonly #options: ReporterOptions;
  readonly #looking: Repeated;
  readonly #fresh: AlarmRow[] = [];
  /** Reported rows that do not say so yet: the next alarm does not wait for that. */
  #unmarked: AlarmRow[] = [];
  /** Whether rows wait to be reported that are not among the fresh ones. */
  #mustLook = true;
  #lookedAtMs = 0;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#looking = new Repeated(
      () => lookEveryMs,
      () => this.#reportAll(),
      (error) => {
        if (error instanceof Unavailable) return;
        logUnexpectedError(options.log, { error, where: 'reporting alarms' });
      },
    );
    this.#looking.soon();
  }

  /** Rows were written: those of alarms that have just fired need not be read again. */
  soon({ fired, updates, groups }: Pick<AlarmCommit, 'fired' | 'updates' | 'groups'>): void {
    const haveRoom = this.#fresh.length + fired.length <= maxBatch;
    if (haveRoom) this.#fresh.push(...fired);
    const areOthers = groups.length > 0 || updates.some(({ isReported }) => isReported);
    this.#mustLook ||= !haveRoom || areOthers;
    this.#looking.soon();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#looking[Symbol.asyncDispose]();
    // Rows that stay unmarked are reported once more, under the same ids.
    await this.#mark().catch(() => {});
  }

  async #reportAll(): Promise<void> {
    try {
      await this.#reportFresh();
      const isDue = performance.now() - this.#lookedAtMs >= lookEveryMs;
      if (this.#mustLook || isDue) await this.#look();
    } catch (error) {
      this.#mustLook = true;
      throw error;
    }
  }

  async #look(): Promise<void> {
    const { signal, alarms } = this.#options;
    this.#mustLook = false;
    this.#lookedAtMs = performance.now();
    await this.#mark();
    for (let isMore = true; isMore && !signal.aborted; ) {
      const groups = await alarms.unreportedGroups(maxBatch);
      await this.#report(groups.map(groupDraft));
      if (groups.length > 0) await alarms.groupsReported(groups);
      const rows = await alarms.unreported(maxBatch);
      await this.#report(rows.map((row) => alarmDraft(row, this.#options.limits.filterKeys)));
      if (rows.length > 0) await alarms.reported(rows);
      isMore = groups.length === maxBatch || rows.length === maxBatch;
    }
  }

  /** Rows that are not reported here, or not marked, are found by looking. */
  async #reportFresh(): Promise<void> {
    const fresh = this.#fresh.splice(0);
    if (fresh.length === 0) return;
    const { filterKeys } = this.#options.limits;
    await this.#report(fresh.map((row) => alarmDraft(row, filterKeys)));
    this.#unmarked.push(...fresh);
    if (this.#unmarked.length >= maxBatch) await this.#mark();
  }

  async #mark(): Promise<void> {
    const marked = this.#unmarked;
    this.#unmarked = [];
    if (marked.length === 0) return;
    const { alarms } = this.#options;
    await alarms.reported(marked.map(({ id }) => ({ id, revision: firstRevision })));
  }

  async #report(drafts: readonly EventDraft[]): Promise<void> {
    if (drafts.length === 0) return;
    const { intake, limits, log, signal } = this.#options;
    const options = { intake, log, signal, maxBatch: Math.min(maxBatch, limits.events) };
    const results = await reportPersistently(drafts, options);
    for (const [at, result] of results.entries()) {
      if (result.status !== 'REJECTED') continue;
      const { id, action: rule } = drafts[at] ?? {};
      log.error({ id, rule, errors: result.errors }, 'The event of an alarm was rejected.');
    }
  }
}
