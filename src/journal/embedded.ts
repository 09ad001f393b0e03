import { randomUUID } from 'node:crypto';
import type { IndexedReport } from '../event/completion.ts';
import type { Event, Report } from '../event/event.ts';
import { weightOf } from '../event/report-weight.ts';
import { Backoff, pause } from '../runtime/backoff.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import { type AppendOutcome, allAppended, idConflict, type NotAppended } from './append-outcome.ts';
import type { EventLog, Written } from './event-log.ts';
import type { Appended, Follower, Journal } from './journal.ts';

export interface EmbeddedJournalOptions {
  /** Reports that may wait to be written. */
  readonly maxWaitingReports?: number;
  readonly maxWaitingBytes?: number;
}

/** Reports and bytes in one write. */
const batchReports = 1_000;
const batchBytes = 8 * 2 ** 20;

/** From this many waiting reports a second write begins while one is under way; fewer gather until it is done. */
const overlapReports = 200;

/** Pauses between attempts to reach the log. */
const shortestPauseMs = 50;
const longestPauseMs = 2_000;

/** Events read at once of those that followers have missed. */
const missedAtOnce = 1_000;

const stopping = 'The gateway is stopping.';

/** A report that waits to be written, and whoever waits for it. */
interface Waiting {
  readonly report: Report;
  readonly weight: number;
  readonly settle: (outcome: AppendOutcome) => void;
  readonly failed: (reason: Error) => void;
}

/**
 * The journal of a gateway that is alone: the events table is the log, and this process its one writer. While a
 * write is under way appends gather, and the next write takes them together.
 *
 * A write whose outcome is unknown may have been done. So nothing more is written until the log has said how far
 * it has got, and followers are notified of what they have missed.
 */
export class EmbeddedJournal implements Journal {
  readonly kind = 'EMBEDDED';
  readonly #log: EventLog;
  readonly #maxReports: number;
  readonly #maxBytes: number;
  readonly #followers = new Set<Follower>();
  readonly #closing = new AbortController();
  readonly #backoff = new Backoff(shortestPauseMs, longestPauseMs);
  #waiting: Waiting[] = [];
  /** Reports that were taken to be written and were not; they go before all that wait. */
  #undone: Waiting[] = [];
  #bytes = 0;
  /** Null before the log has said for the first time how far it has got. */
  #position: number | null = null;
  #id: string | null = null;
  /** Whether #position is the log's last index for certain. */
  #certain = false;
  #healthReason: string | null = null;
  #writing: Promise<void> | null = null;
  /** Settles when every write that was begun is done. */
  #outcome: Promise<void> = Promise.resolve();
  /** The index up to which writes were begun; null where that is the position. */
  #end: number | null = null;

  private constructor(log: EventLog, options: EmbeddedJournalOptions) {
    this.#log = log;
    this.#maxReports = options.maxWaitingReports ?? 10_000;
    this.#maxBytes = options.maxWaitingBytes ?? 64 * 2 ** 20;
  }

  /** Resolves once the log has been asked; while it is unreachable the journal is unhealthy and asks again. */
  static async open(log: EventLog, options: EmbeddedJournalOptions = {}): Promise<EmbeddedJournal> {
    const journal = new EmbeddedJournal(log, options);
    await journal.#catchUp();
    if (!journal.#certain) journal.#work();
    return journal;
  }

  get id(): string {
    if (this.#id === null)
      throw new Unavailable(this.#healthReason ?? 'The journal is being opened.');
    return this.#id;
  }

  get position(): number {
    return this.#position ?? 0;
  }

  async append(reports: readonly Report[]): Promise<Appended[]> {
    const refusal = this.#closing.signal.aborted ? stopping : this.#healthReason;
    if (refusal !== null) throw new Unavailable(refusal);
    const weights = reports.map(weightOf);
    const bytes = weights.reduce((sum, weight) => sum + weight, 0);
    if (
      this.#waiting.length + reports.length > this.#maxReports ||
      this.#bytes + bytes > this.#maxBytes
    ) {
      throw new Unavailable(
        `${this.#waiting.length} reports wait to be written: no more can be taken just now.`,
      );
    }
    this.#bytes += bytes;
    const outcomes = reports.map(
      (report, n) =>
        new Promise<AppendOutcome>((settle, failed) => {
          this.#waiting.push({ report, weight: weights[n] ?? 0, settle, failed });
        }),
    );
    this.#work();
    return allAppended(await Promise.all(outcomes));
  }

  lastIndex(): Promise<number> {
    return this.#log.lastIndex();
  }

  follow(follower: Follower): () => void {
    // Its own, so that one function that follows twice can be ended once.
    const own: Follower = (changes) => follower(changes);
    this.#followers.add(own);
    return () => void this.#followers.delete(own);
  }

  healthReason(): string | null {
    return this.#healthReason;
  }

  #work(): void {
    this.#writing ??= this.#writeAll();
  }

  /** Until nothing waits, no write is under way, and the position is certain. */
  async #writeAll(): Promise<void> {
    // Appends of one turn of the event loop go together.
    await null;
    for (;;) {
      if (this.#waiting.length === 0 || !this.#certain) await this.#outcome;
      if (this.#isDone()) break;
      if (!this.#certain) await this.#recover();
      if (this.#certain) await this.#writeNext();
    }
    // In the same step as the last look at what waits: a later append begins anew.
    this.#writing = null;
  }

  #isDone(): boolean {
    const none = this.#waiting.length + this.#undone.length === 0;
    return none && (this.#certain || this.#closing.signal.aborted);
  }

  /** Asks for the last index of the log; while it does not answer, every waiting report is answered. */
  async #recover(): Promise<void> {
    this.#waiting = [...this.#undone, ...this.#waiting];
    this.#undone = [];
    await this.#catchUp();
    if (this.#certain) return;
    const reason = new Unavailable(this.#healthReason ?? stopping);
    this.#fail(this.#take(this.#waiting.length), reason);
    await pause(this.#backoff.next(), this.#closing.signal);
  }

  /** Asks the log how far it has got, and notifies followers of what they have missed. */
  async #catchUp(): Promise<void> {
    try {
      this.#id ??= await this.#log.journalId(randomUUID());
      const last = await this.#log.lastIndex();
      this.#position ??= last;
      if (last < this.#position) {
        throw new Error(
          `The log ends at ${last}, and had got to ${this.#position}: it was restored while the gateway ran.`,
        );
      }
      while (this.#position < last) {
        const missed = await this.#log.after(this.#position, missedAtOnce);
        if (missed.length > 0) this.#notify(missed);
        this.#position = missed.at(-1)?.index ?? last;
      }
      this.#end = null;
      this.#certain = true;
      this.#healthReason = null;
      this.#backoff.reset();
    } catch (error) {
      this.#healthReason = error instanceof Error ? error.message : String(error);
    }
  }

  /**
   * Begins the next write, and waits until the one before it is done: a large one is made ready while the database
   * still works on that. Should that one fail, the log has not got as far as this one begins, and does not take it.
   */
  async #writeNext(): Promise<void> {
    if (this.#waiting.length < overlapReports) await this.#outcome;
    if (!this.#certain || this.#waiting.length === 0) return;
    const batch = this.#nextBatch();
    const from = this.#end ?? this.position;
    const reports = batch.map(({ report }, n): IndexedReport => ({ index: from + 1 + n, report }));
    this.#end = from + batch.length;
    const before = this.#outcome;
    const writing = this.#log.write(reports, from);
    // Its failure is seen to in its turn.
    writing.catch(() => {});
    this.#outcome = before.then(() => this.#settle(batch, writing, from));
    await before;
  }

  async #settle(
    batch: readonly Waiting[],
    writing: Promise<Written[] | null>,
    from: number,
  ): Promise<void> {
    let written: Written[] | null;
    try {
      written = await writing;
    } catch (error) {
      this.#certain = false;
      this.#fail(batch, error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (written === null) {
      // The log has not got to where this one begins, or has got further: nothing of it was done.
      this.#certain = false;
      this.#undone.push(...batch);
      for (const { weight } of batch) this.#bytes += weight;
      return;
    }
    // After a write that failed, followers have missed something: they are notified when the log has been asked.
    if (this.#certain) {
      this.#position = from + batch.length;
      const changes = written
        .filter(({ changed, refused }) => changed && refused === undefined)
        .map(({ event }) => event);
      if (changes.length > 0) this.#notify(changes);
    }
    for (const [n, each] of written.entries()) batch[n]?.settle(outcomeOf(each));
  }

  #notify(changes: readonly Event[]): void {
    for (const follower of this.#followers) follower(changes);
  }

  #nextBatch(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { weight } of this.#waiting) {
      bytes += weight;
      if (count === batchReports || (count > 0 && bytes > batchBytes)) break;
      count += 1;
    }
    return this.#take(count);
  }

  #take(count: number): Waiting[] {
    const taken = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    for (const { weight } of taken) this.#bytes -= weight;
    return taken;
  }

  /** An outage is an outcome of each report; any other error is thrown to whoever appends. */
  #fail(batch: readonly Waiting[], reason: Error): void {
    const outcome: NotAppended | null =
      reason instanceof Unavailable ? { code: 'UNAVAILABLE', message: reason.message } : null;
    for (const { settle, failed } of batch) {
      if (outcome === null) failed(reason);
      else settle(outcome);
    }
  }

  /** Writes what has been accepted, and takes no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#writing;
  }
}

function outcomeOf({ event, changed, conflict, refused }: Written): AppendOutcome {
  if (conflict) return idConflict;
  return refused === undefined
    ? { index: event.index, duplicate: !changed }
    : { code: 'INVALID', message: `The database cannot store this event: ${refused}.` };
}
