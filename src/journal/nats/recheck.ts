import { setTimeout } from 'node:timers/promises';
import { type IndexedReport, maxReports, withReport } from '../../event/completion.ts';
import type { Report } from '../../event/event.ts';
import type { NatsLink } from '../../nats/connection.ts';
import { Repeated } from '../../runtime/repeated.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import { logUnexpectedError } from '../../telemetry/unexpected-error.ts';
import { type AppendOutcome, isAppended } from '../append-outcome.ts';
import { doubtMessage } from './doubt.ts';
import type { FollowedStore, NatsFollowing } from './follower.ts';
import type { NatsStream } from './stream.ts';
import { type Acknowledged, UnstoredReports } from './unstored.ts';

const intervalMs = 1000;
/** When the gateway stops, this long and this often. */
const [closingMs, closingPauseMs] = [5000, 100];
const pageSize = 1000;
/** A report that the store still lacks after this many attempts is given up: the database may have rejected it. */
const maxAttempts = 5;
/** So many indexes before the first sign of a doubt are compared as well. */
const comparedBefore = 8_000;

interface RecheckParts {
  readonly stream: NatsStream;
  readonly link: NatsLink;
  readonly store: FollowedStore;
  readonly following: NatsFollowing;
  /** Publishes reports that the stream may have already. @throws Unavailable */
  readonly publishAgain: (reports: readonly Report[]) => Promise<readonly AppendOutcome[]>;
  readonly log: Log;
}

interface Compared {
  /** What followers were notified of in (from, to] is compared with what is stored there. */
  readonly from: number;
  readonly to: number;
  /** The index of what was published again last, and how often in a row something was. */
  readonly awaited: number;
  readonly attempts: number;
}

/**
 * Servers of a cluster may disagree about what the stream has, after a fault between them: see docs/decisions. While that
 * is in doubt, this looks whether the store has what this gateway acknowledged or read, and whether its followers were notified
 * of what the store has. What is missing is published again: all others know it then as a repeat, which changes nothing.
 */
export class NatsRecheck implements AsyncDisposable {
  readonly #stream: NatsStream;
  readonly #link: NatsLink;
  readonly #store: FollowedStore;
  readonly #following: NatsFollowing;
  readonly #publishAgain: RecheckParts['publishAgain'];
  readonly #log: Log;
  readonly #unstored = new UnstoredReports();
  readonly #looking: Repeated;
  /** Null where there is no doubt. */
  #compared: Compared | null = null;
  #republished = 0;

  constructor(parts: RecheckParts) {
    this.#stream = parts.stream;
    this.#link = parts.link;
    this.#store = parts.store;
    this.#following = parts.following;
    this.#publishAgain = parts.publishAgain;
    this.#log = parts.log;
    this.#looking = new Repeated(
      () => intervalMs,
      () => this.#look(),
      (error) => this.#failed(error),
    );
  }

  /** How many reports were published again. */
  get republished(): number {
    return this.#republished;
  }

  /** A report that the stream has taken: to be called before that is answered. */
  acknowledged(report: Report, index: number, size: number): void {
    if (this.#stream.hasCopies) this.#unstored.add({ report, index, size, attempts: 0 });
  }

  /** Looks for what is in doubt before it ends, for some seconds at most. */
  async [Symbol.asyncDispose](): Promise<void> {
    const deadline = performance.now() + closingMs;
    while (!this.#unstored.isEmpty && this.#stream.doubt.isOpen && performance.now() < deadline) {
      await this.#looking.next();
      await setTimeout(closingPauseMs);
    }
    await this.#looking[Symbol.asyncDispose]();
  }

  async #look(): Promise<void> {
    const { doubt } = this.#stream;
    if (!this.#stream.hasCopies) return;
    if (this.#unstored.isEmpty && !doubt.isOpen && this.#compared === null) return;
    const { storedIndex } = this.#store;
    // Whether there was another leader until then is known afterwards.
    await this.#stream.state();
    if (doubt.isOpen) this.#doubt();
    await this.#lookForStored(storedIndex);
    await this.#compare(storedIndex);
  }

  #doubt(): void {
    const { position } = this.#following;
    this.#unstored.doubt();
    const from = position - comparedBefore;
    this.#compared = { from, awaited: 0, attempts: 0, ...this.#compared, to: position };
    // It may not reach all of them, and another gateway may see nothing itself.
    const { current } = this.#link;
    if (this.#stream.doubt.isOwn && !current.isClosed()) {
      current.publish(this.#stream.storedSubject, doubtMessage);
    }
  }

  async #lookForStored(storedIndex: number): Promise<void> {
    for (;;) {
      const page = this.#unstored.doubtedUpTo(storedIndex, pageSize);
      if (page.length === 0) return;
      const stored = await this.#store.reports([...new Set(page.map(({ report }) => report.id))]);
      const missing = page.filter(({ report }) => isNew(report, stored.get(report.id) ?? []));
      const unsettled = missing.length > 0 ? await this.#recover(missing) : [];
      this.#unstored.settle(page, unsettled);
      // Those that could not be published are looked for again, at the next look.
      if (unsettled.some(({ index }) => index <= storedIndex)) return;
    }
  }

  /** Publishes them again, and answers those that are to be looked for again. */
  async #recover(missing: readonly Acknowledged[]): Promise<readonly Acknowledged[]> {
    const lasting = missing.filter(({ attempts }) => attempts < maxAttempts);
    const ids = missing.slice(0, 3).map(({ report }) => report.id);
    this.#log.warn(
      { count: missing.length, givenUp: missing.length - lasting.length, ids },
      'Reports that were acknowledged or read are not in the store: they are published again.',
    );
    const outcomes = await this.#publish(lasting.map(({ report }) => report));
    return lasting.flatMap((known, n) => {
      const outcome = outcomes[n];
      if (outcome === undefined) return [];
      if (isAppended(outcome)) {
        return [{ ...known, index: outcome.index, attempts: known.attempts + 1 }];
      }
      return outcome.code === 'UNAVAILABLE' ? [known] : [];
    });
  }

  /** Publishes again what the store has under an index that followers have passed, and were not notified of. */
  async #compare(storedIndex: number): Promise<void> {
    const { position } = this.#following;
    const upTo = Math.min(storedIndex, position);
    let compared = this.#compared;
    // Reports that were published again are read first.
    while (compared !== null && position >= compared.awaited) {
      const to = Math.min(upTo, compared.to);
      const isDone = compared.from >= to;
      if (isDone && (this.#stream.doubt.isOpen || upTo < compared.to)) return;
      compared = isDone ? null : await this.#comparePage(compared, to);
      this.#compared = compared;
    }
  }

  async #comparePage(compared: Compared, to: number): Promise<Compared> {
    const { completion } = this.#following;
    const from = Math.max(compared.from, completion.completeFrom);
    const page = from < to ? await this.#store.after(from, pageSize) : [];
    const events = page.filter(({ index }) => index <= to);
    const end = events.length < pageSize ? to : (events.at(-1)?.index ?? to);
    const unknown = events.filter((event) => !completion.knows(event)).map(({ id }) => id);
    const missed = unknown.length === 0 ? [] : await this.#missed(unknown, from, end);
    if (missed.length === 0 || compared.attempts === maxAttempts) {
      await this.#lookForRead(from, end);
      return { ...compared, from: end, attempts: 0 };
    }
    const awaited = await this.#notify(missed);
    return { ...compared, awaited, attempts: compared.attempts + 1 };
  }

  /** Whoever published them may be gone, and the store may lack them. */
  async #lookForRead(from: number, to: number): Promise<void> {
    for (const { index, report } of this.#following.completion.between(from, to)) {
      this.#unstored.add({ report, index, size: 0, attempts: 0 });
    }
    this.#unstored.doubt();
    await this.#lookForStored(to);
  }

  /** The reports in (from, to] of events that followers were not notified of. */
  async #missed(ids: readonly string[], from: number, to: number): Promise<Report[]> {
    const { completion } = this.#following;
    const stored = [...(await this.#store.reports(ids)).values()].flat();
    return stored
      .filter(({ index }) => index > from && index <= to)
      .map(({ report }) => report)
      .filter((report) => completion.indexOf(report) === undefined);
  }

  /** Resolves with the index by which followers have been notified. */
  async #notify(missed: readonly Report[]): Promise<number> {
    const ids = missed.slice(0, 3).map(({ id }) => id);
    this.#log.warn(
      { count: missed.length, ids },
      'Followers were not notified of reports that are in the store: they are published again.',
    );
    const outcomes = await this.#publish(missed);
    return Math.max(0, ...outcomes.filter(isAppended).map(({ index }) => index));
  }

  async #publish(reports: readonly Report[]): Promise<readonly AppendOutcome[]> {
    this.#republished += reports.length;
    return reports.length === 0 ? [] : await this.#publishAgain(reports);
  }

  #failed(error: unknown): void {
    // It is looked at again: whoever publishes or reads logs what is unreachable.
    if (error instanceof Unavailable) return;
    logUnexpectedError(this.#log, { error, where: 'looking for acknowledged reports' });
  }
}

/** One of another namespace than its event's, which is set aside, is not. Of too many reports, the store does not know each. */
const isNew = (report: Report, stored: readonly IndexedReport[]): boolean =>
  stored.length < maxReports && typeof withReport(stored, { index: -1, report }) !== 'string';
