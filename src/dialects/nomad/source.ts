import type { EventDraft } from '../../event/draft.ts';
import { requireRecorded } from '../../intake/rejected.ts';
import { Backoff, pause } from '../../runtime/backoff.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { DialectContext } from '../dialect.ts';
import { type AskedTopics, askedTopics } from './asked-topics.ts';
import type { IdentifiedDraft } from './decode.ts';
import { linesOf } from './lines.ts';
import { type Batch, parseLine } from './nomad-message.ts';
import { Progress } from './progress.ts';

export interface NomadSourceOptions {
  /** http://127.0.0.1:4646 */
  readonly address: string;
  readonly token: string | null;
  /** What the cluster is called: a part of the ids of its events, so that it must stay the same when an address changes. */
  readonly cluster: string;
  /** `*` for all. */
  readonly namespace: string;
  /** As Nomad takes them: `Job`, `Allocation:web`; none for all. */
  readonly topics: readonly string[];
  /** Events in one report at most: no more than the intake takes. */
  readonly messagesAtOnce?: number;
  readonly timing?: Partial<NomadSourceTiming>;
}

/** In milliseconds. */
export interface NomadSourceTiming {
  readonly shortestPause: number;
  readonly longestPause: number;
  /** How long a stream may be silent: three of Nomad's heartbeats. */
  readonly silence: number;
}

const defaultTiming: NomadSourceTiming = {
  shortestPause: 500,
  longestPause: 30_000,
  silence: 90_000,
};

const defaultAtOnce = 500;

/**
 * Follows the event stream of a Nomad cluster and reports what it brings. It reconnects when the stream ends,
 * and resumes at the last index it stored: what it has stored already is dropped, and where the cluster's
 * buffer no longer holds that index an event NomadStream.Gap says so.
 */
export class NomadSource implements AsyncDisposable {
  readonly #context: DialectContext;
  readonly #options: NomadSourceOptions;
  readonly #timing: NomadSourceTiming;
  readonly #topics: AskedTopics;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  #progress: Progress | null = null;
  #lost = false;
  #skipped = 0;

  constructor(context: DialectContext, options: NomadSourceOptions) {
    this.#context = context;
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
    this.#topics = askedTopics(options.topics);
    this.#backoff = new Backoff(this.#timing.shortestPause, this.#timing.longestPause);
    this.#ended = this.#run();
  }

  /** How many events could not be taken, not even without their payload. */
  get skipped(): number {
    return this.#skipped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
        this.#tellLost('the cluster ended the stream');
      } catch (error) {
        if (!signal.aborted) this.#tellLost(reasonOf(error));
      }
      await pause(this.#backoff.next(), signal);
    }
  }

  /** One connection, from its beginning to its end. */
  async #follow(signal: AbortSignal): Promise<void> {
    this.#progress ??= await Progress.load(this.#context, this.#options.cluster);
    const progress = this.#progress;
    const silence = new AbortController();
    const watch = setTimeout(
      () => silence.abort(new Error('the stream was silent')),
      this.#timing.silence,
    );
    try {
      const url = this.#url(progress.connect());
      const ended = AbortSignal.any([signal, silence.signal]);
      let heartbeats = 0;
      for await (const lines of linesOf(await this.#open(url, ended))) {
        watch.refresh();
        this.#tellFollowed();
        const batches = lines.map(parseLine);
        const read = batches.filter((batch) => batch !== null);
        await this.#take(read, progress, signal);
        // The first comes at once, the second when the backlog has long been delivered.
        heartbeats += batches.length - read.length;
        if (heartbeats >= 2) progress.caughtUp();
        watch.refresh();
      }
    } finally {
      clearTimeout(watch);
    }
  }

  #url(index: number): URL {
    const { address, namespace } = this.#options;
    const url = new URL('v1/event/stream', address.endsWith('/') ? address : `${address}/`);
    url.searchParams.set('index', String(index));
    url.searchParams.set('namespace', namespace);
    for (const topic of this.#topics.parameters) url.searchParams.append('topic', topic);
    return url;
  }

  async #open(url: URL, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { token } = this.#options;
    const headers: Record<string, string> = token === null ? {} : { 'X-Nomad-Token': token };
    const response = await fetch(url, { headers, signal });
    if (response.status === 200 && response.body !== null) return response.body;
    const text = (await response.text()).slice(0, 200);
    throw new Error(`the cluster answered ${response.status}: ${text}`);
  }

  async #take(batches: readonly Batch[], progress: Progress, signal: AbortSignal): Promise<void> {
    if (batches.length === 0) return;
    try {
      const drafts = await progress.fresh(batches.map(this.#wanted), this.#context.now());
      const { messagesAtOnce = defaultAtOnce } = this.#options;
      for (let at = 0; at < drafts.length; at += messagesAtOnce) {
        progress.appended(await this.#report(drafts.slice(at, at + messagesAtOnce), signal));
      }
    } catch (error) {
      // What was not appended has not been read: the events themselves tell how far we are.
      this.#progress = null;
      throw error;
    }
  }

  readonly #wanted = ({ index, events }: Batch): Batch => ({
    index,
    events: events.filter(this.#topics.wants),
  });

  /** Reports until the journal takes it, and answers the latest place: what is too large with less and less of it. */
  async #report(drafts: readonly IdentifiedDraft[], signal: AbortSignal): Promise<number> {
    let latest = 0;
    let left = drafts;
    for (const reduce of [asItIs, withoutRaw, withoutPayload]) {
      if (left.length === 0) return latest;
      const results = await this.#persistently(left.map(reduce), signal);
      for (const result of results) {
        if (result.status !== 'REJECTED') latest = Math.max(latest, result.index);
      }
      left = left.filter((_, at) => results[at]?.status === 'REJECTED');
    }
    for (const { id, category, key } of left) {
      this.#skipped++;
      this.#context.log.warn({ id, category, key }, 'An event of Nomad could not be taken.');
    }
    return latest;
  }

  async #persistently(drafts: readonly EventDraft[], signal: AbortSignal) {
    const backoff = new Backoff(this.#timing.shortestPause, this.#timing.longestPause);
    for (;;) {
      try {
        return requireRecorded(await this.#context.intake.report(drafts, 'ACCEPTED'));
      } catch (error) {
        if (!(error instanceof Unavailable) || signal.aborted) throw error;
        await pause(backoff.next(), signal);
      }
    }
  }

  /** One line when the stream is lost, however often it cannot be reached, and one when it is back. */
  #tellLost(reason: string): void {
    if (this.#lost) return;
    this.#lost = true;
    const { cluster, address } = this.#options;
    this.#context.log.warn({ cluster, address, reason }, "Nomad's stream was lost; trying again.");
  }

  #tellFollowed(): void {
    this.#backoff.reset();
    if (!this.#lost) return;
    this.#lost = false;
    const { cluster, address } = this.#options;
    this.#context.log.info({ cluster, address }, "Nomad's stream is followed again.");
  }
}

const asItIs = (draft: IdentifiedDraft): IdentifiedDraft => draft;
const withoutRaw = (draft: IdentifiedDraft): IdentifiedDraft => ({ ...draft, raw: null });
const withoutPayload = (draft: IdentifiedDraft): IdentifiedDraft => ({
  ...withoutRaw(draft),
  value: null,
  message: 'The payload was too large to be taken.',
});

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
};
