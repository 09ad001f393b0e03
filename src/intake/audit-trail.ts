import type { Audit, AuditEntry } from '../access/audit.ts';
import { auditCategory, auditNamespace } from '../event/audit.ts';
import type { IndexedReport } from '../event/completion.ts';
import type { DraftTrait, EventDraft } from '../event/draft.ts';
import { replaced } from '../event/text.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { Log } from '../telemetry/log.ts';
import type { Intake } from './intake.ts';
import { reportPersistently } from './persistent-report.ts';

/** Entries that wait for a journal that is down. */
const maxWaiting = 10_000;
const maxBatch = 100;
/** Of sampled entries that are alike, one is reported in this time, with their number. */
const sampleEveryMs = 10_000;
/** Kinds of sampled entries; those beyond it count as one kind. */
const maxKinds = 1_000;
const maxTraitLength = 300;

interface Sample {
  latest: AuditEntry;
  /** Entries like it since it was reported. */
  repeats: number;
  readonly timer: NodeJS.Timeout;
}

/** Reports what is done to the gateway itself as events: category `Audit`, namespace `tidings`. */
export class AuditTrail implements Audit, AsyncDisposable {
  readonly #log: Log;
  readonly #end = new AbortController();
  readonly #samples = new Map<string, Sample>();
  readonly #waiting: EventDraft[] = [];
  #intake: Intake | null = null;
  #reporting: Promise<void> | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Reports what waits, and from now on whatever comes. */
  begin(intake: Intake): void {
    this.#intake = intake;
    this.#report();
  }

  record(entry: AuditEntry, count = 1): void {
    if (this.#end.signal.aborted) return;
    if (this.#waiting.length >= maxWaiting) {
      this.#log.error({ action: entry.action }, 'An entry of the audit is lost: too many wait.');
      return;
    }
    this.#waiting.push(draftOf(entry, count));
    this.#report();
  }

  sample(entry: AuditEntry): void {
    const named = JSON.stringify([entry.action, entry.by]);
    const kind = this.#samples.size < maxKinds || this.#samples.has(named) ? named : 'other';
    const known = this.#samples.get(kind);
    if (known === undefined) {
      this.record(entry);
      const timer = setTimeout(() => this.#endSample(kind), sampleEveryMs).unref();
      this.#samples.set(kind, { latest: entry, repeats: 0, timer });
      return;
    }
    known.latest = entry;
    known.repeats += 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [kind, { timer }] of [...this.#samples]) {
      clearTimeout(timer);
      this.#endSample(kind);
    }
    // A journal that is down is waited for no longer.
    this.#end.abort();
    await this.#reporting;
  }

  #endSample(kind: string): void {
    const sample = this.#samples.get(kind);
    this.#samples.delete(kind);
    if (sample !== undefined && sample.repeats > 0) this.record(sample.latest, sample.repeats);
  }

  #report(): void {
    const intake = this.#intake;
    if (intake === null || this.#waiting.length === 0) return;
    this.#reporting ??= this.#reportAll(intake).finally(() => {
      this.#reporting = null;
    });
  }

  async #reportAll(intake: Intake): Promise<void> {
    const log = this.#log;
    const options = { intake: permitted(intake), log, maxBatch, signal: this.#end.signal };
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, maxBatch);
      try {
        const results = await reportPersistently(batch, options);
        const rejected = results.find(({ status }) => status === 'REJECTED');
        if (rejected !== undefined) log.error({ rejected }, 'An entry of the audit was rejected.');
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        log.error({ entries: batch.length }, 'Entries of the audit are lost: the journal is down.');
      }
    }
  }
}

/** Of a report that was acknowledged and is no part of any event: it is kept in events_refused by its index. */
export const conflictEntry = ({ index, report }: IndexedReport): AuditEntry => ({
  action: 'ReportSetAside',
  by: null,
  key: report.id,
  message: 'A report is set aside: its id belongs to an event of another namespace.',
  severity: 'ERROR',
  facts: { namespace: report.namespace, index: String(index) },
});

/** Nobody else may report these events. */
const permitted = (intake: Intake): Intake => ({
  report: (drafts, wait) => intake.report(drafts, wait, () => true),
});

function draftOf(entry: AuditEntry, count: number): EventDraft {
  const { action, by, key = null, message, severity = 'NORMAL', facts = {} } = entry;
  const traits = Object.entries({ ...(by !== null && { by }), ...facts }).map(
    ([name, text]): DraftTrait => ({
      name,
      type: 'TEXT',
      value: replaced(text).slice(0, maxTraitLength),
    }),
  );
  return {
    namespace: auditNamespace,
    category: auditCategory,
    action,
    severity,
    key,
    message,
    traits: count === 1 ? traits : [...traits, { name: 'count', type: 'INT', value: count }],
    dialect: 'TIDINGS',
  };
}
