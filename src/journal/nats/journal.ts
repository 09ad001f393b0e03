import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { fingerprint } from '../../event/completion.ts';
import type { Report } from '../../event/event.ts';
import { encodeReport } from '../../event/report-json.ts';
import type { NatsLink } from '../../nats/connection.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import { type AppendOutcome, allAppended, idConflict } from '../append-outcome.ts';
import type { Appended, Follower, Journal } from '../journal.ts';
import { type FollowedStore, NatsFollowing } from './follower.ts';
import { NatsPublished } from './published.ts';
import { type Ack, NatsPublisher, type Outgoing, type PublishOutcome } from './publisher.ts';
import { NatsRecheck } from './recheck.ts';
import type { NatsStream, StreamBases, StreamState } from './stream.ts';
import { reportSubject } from './subject.ts';
import type { NatsTail } from './tail.ts';

/** What the journal needs of the store. */
export interface NatsJournalStore extends StreamBases, FollowedStore {}

/** An append ends within this time. */
const appendTimeoutMs = 5000;

/**
 * The journal as a JetStream stream that any number of gateways share. A report is one message; its index is
 * its sequence there plus the stream's base, so that every gateway gives it the same one. Where servers of a cluster
 * disagree about a sequence, NatsRecheck mends it.
 */
export class NatsJournal implements Journal {
  readonly kind = 'NATS';
  readonly #stream: NatsStream;
  readonly #link: NatsLink;
  readonly #publisher: NatsPublisher;
  readonly #following: NatsFollowing;
  readonly #recheck: NatsRecheck;
  readonly #appends = new Set<Promise<unknown>>();
  #closed: Promise<void> | null = null;

  /** The link stays its owner's to close, after the journal. */
  constructor(stream: NatsStream, link: NatsLink, store: FollowedStore, log: Log) {
    this.#stream = stream;
    this.#link = link;
    const published = new NatsPublished();
    this.#publisher = new NatsPublisher(stream, link, published, log);
    this.#following = new NatsFollowing(stream, link, published, store, log);
    this.#recheck = new NatsRecheck({
      stream,
      link,
      store,
      following: this.#following,
      publishAgain: (reports) => this.#publishAgain(reports),
      log,
    });
  }

  get id(): string {
    return this.#stream.journalId;
  }

  get position(): number {
    return this.#following.position;
  }

  /** What was read last, for whoever fills the store. */
  get tail(): NatsTail {
    return this.#following.tail;
  }

  /** How many messages on the stream's subjects were no reports. */
  get malformed(): number {
    return this.#following.malformed.count;
  }

  /** How many live events were completed without the store, because it did not answer. */
  get incomplete(): number {
    return this.#following.completion.incomplete;
  }

  /** How many reports were published again because servers of the cluster had disagreed. */
  get republished(): number {
    return this.#recheck.republished;
  }

  async append(reports: readonly Report[]): Promise<Appended[]> {
    if (this.#closed !== null) throw new Unavailable('The journal is closed.');
    if (reports.length === 0) return [];
    const healthReason = this.#link.healthReason();
    if (healthReason !== null && this.#link.downForMs > appendTimeoutMs)
      throw new Unavailable(healthReason);
    const appending = this.#append(reports);
    this.#appends.add(appending);
    try {
      return await appending;
    } finally {
      this.#appends.delete(appending);
    }
  }

  async lastIndex(): Promise<number> {
    const { base, lastSequence } = await this.#state();
    return base + lastSequence;
  }

  follow(follower: Follower): () => void {
    return this.#following.follow(follower);
  }

  healthReason(): string | null {
    return this.#publisher.healthReason() ?? this.#following.healthReason();
  }

  /** Waits for the appends that have begun. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#appends);
    await this.#recheck[Symbol.asyncDispose]();
    await this.#publisher[Symbol.asyncDispose]();
    await this.#following[Symbol.asyncDispose]();
  }

  async #append(reports: readonly Report[]): Promise<Appended[]> {
    const { completion } = this.#following;
    const conflicting = await completion.conflicting(reports);
    if (conflicting.size === 0) return allAppended(await this.#record(reports));
    const others = reports.filter((report) => !conflicting.has(report));
    const published = others.length === 0 ? [] : await this.#record(others);
    const next = published.values();
    return allAppended(
      reports.map((report) =>
        conflicting.has(report) ? idConflict : (next.next().value as AppendOutcome),
      ),
    );
  }

  async #record(reports: readonly Report[]): Promise<AppendOutcome[]> {
    const { outcomes, base } = await this.#publish(reports);
    return outcomes.map((outcome, n) => this.#outcomeOf(outcome, reports[n] as Report, base));
  }

  /** Not as reports of new ids: the stream may have them. */
  async #publishAgain(reports: readonly Report[]): Promise<AppendOutcome[]> {
    const repeats = reports.map((report) => ({ ...report, generatedId: false }));
    const { outcomes, base } = await this.#publish(repeats);
    return outcomes.map((outcome) =>
      isAck(outcome) ? { index: base + outcome.sequence, duplicate: outcome.duplicate } : outcome,
    );
  }

  async #publish(
    reports: readonly Report[],
  ): Promise<{ outcomes: readonly PublishOutcome[]; base: number }> {
    const deadline = performance.now() + appendTimeoutMs;
    let before = this.#stream.latest ?? (await this.#state());
    const messages = reports.map((report) => this.#message(report));
    for (;;) {
      const outcomes = await this.#publisher.publish(messages, deadline - performance.now());
      // An ack does not say which stream it is of. The same one before and after: then it is of that.
      const after = await this.#stateBy(deadline, outcomes.some(isAck) ? before : null);
      if (after.identity === before.identity) {
        return { outcomes, base: after.base };
      }
      if (performance.now() >= deadline) throw new Unavailable('The stream was just recreated.');
      before = after;
    }
  }

  /** Waits for a connection that is being opened or was just lost; one that is down for longer is an error at once. */
  async #state(): Promise<StreamState> {
    const { downForMs } = this.#link;
    if (downForMs > 0 && downForMs < appendTimeoutMs) {
      await this.#link.connection(AbortSignal.timeout(Math.ceil(appendTimeoutMs - downForMs)));
    }
    return this.#stream.state();
  }

  /**
   * As it is after an append: when the connection is lost in between, the append need not be repeated. Where it
   * cannot be read in time, it is taken to be as it was before: what has an ack is in the journal, and is answered so.
   */
  async #stateBy(deadline: number, before: StreamState | null): Promise<StreamState> {
    for (;;) {
      try {
        return await this.#state();
      } catch (error) {
        if (performance.now() >= deadline) {
          if (before !== null) return before;
          throw error;
        }
        await setTimeout(50);
      }
    }
  }

  #message(report: Report): Outgoing {
    return {
      subject: reportSubject(this.#stream.prefix, report),
      id: this.#stream.hasCopies ? null : messageId(report),
      body: Buffer.from(encodeReport(report)),
      report,
    };
  }

  #outcomeOf(outcome: PublishOutcome, report: Report, base: number): AppendOutcome {
    if (!isAck(outcome)) return outcome;
    const index = base + outcome.sequence;
    this.#stream.saw(index);
    const { completion } = this.#following;
    if (completion.isConflicting(report)) return idConflict;
    this.#recheck.acknowledged(report, index, outcome.size);
    // Nobody can repeat a report whose id was made here: it is our own message, published again.
    if (report.generatedId) return { index, duplicate: false };
    // Where the server does not recognise a repeat, the first one may have been read by now.
    const first = (this.#stream.hasCopies ? completion.indexOf(report) : undefined) ?? index;
    return first < index
      ? { index: first, duplicate: true }
      : { index, duplicate: outcome.duplicate };
  }
}

const isAck = (outcome: PublishOutcome): outcome is Ack => 'sequence' in outcome;

/** Equal for reports that say the same, and only for them. */
function messageId(report: Report): string {
  if (report.generatedId) return report.id;
  const digest = createHash('sha256').update(fingerprint(report)).digest('base64url');
  return `${report.id}.${digest.slice(0, 22)}`;
}
