import type { ReportResult } from '../../intake/intake.ts';
import { reportPersistently } from '../../intake/persistent-report.ts';
import { skipRejected } from '../../intake/rejected.ts';
import { EitherSignal } from '../../runtime/either-signal.ts';
import { SkipCounter } from '../../telemetry/skip-counter.ts';
import type { DialectContext } from '../dialect.ts';
import { type Source, type SourceRun, Supervision } from '../source.ts';
import { type AskedTopics, askedTopics } from './asked-topics.ts';
import type { IdentifiedDraft } from './decode.ts';
import { linesOf } from './lines.ts';
import { type Batch, parseLine } from './nomad-message.ts';
import { Progress } from './progress.ts';

export interface NomadSourceOptions {
  /** http://127.0.0.1:4646 */
  readonly address: string;
  readonly token: string | null;
  /** The cluster's name. The ids of its events contain it, so that it must not change when the address does. */
  readonly cluster: string;
  /** `*` for all. */
  readonly namespace: string;
  /** As Nomad takes them: `Job`, `Allocation:web`; none for all. */
  readonly topics: readonly string[];
  /** Events in one report at most: no more than the intake takes. */
  readonly maxBatch?: number;
  readonly timing?: Partial<NomadSourceTiming>;
}

interface NomadSourceTiming {
  readonly shortestPauseMs: number;
  readonly longestPauseMs: number;
  /** The longest silence of a stream: three of Nomad's heartbeats. */
  readonly silenceMs: number;
}

const defaultTiming: NomadSourceTiming = {
  shortestPauseMs: 500,
  longestPauseMs: 30_000,
  silenceMs: 90_000,
};

const defaultMaxBatch = 500;

/**
 * Follows the event stream of a Nomad cluster and reports its events. It reconnects when the stream ends,
 * and resumes at the last index that is stored. Events that are stored already are dropped. If the cluster's
 * buffer no longer holds that index, an event NomadStream.Gap is recorded.
 */
export class NomadSource implements Source {
  readonly name = 'nomad';
  readonly #context: DialectContext;
  readonly #options: NomadSourceOptions;
  readonly #silenceMs: number;
  readonly #topics: AskedTopics;
  readonly #skipped: SkipCounter;
  readonly #supervision: Supervision;
  #progress: Progress | null = null;

  constructor(context: DialectContext, options: NomadSourceOptions) {
    const { silenceMs, ...pauses } = { ...defaultTiming, ...options.timing };
    const { cluster, address } = options;
    this.#context = context;
    this.#options = options;
    this.#silenceMs = silenceMs;
    this.#topics = askedTopics(options.topics);
    this.#skipped = new SkipCounter(context.log, 'Events of Nomad cannot be recorded.');
    this.#supervision = new Supervision({
      subject: "Nomad's stream",
      address: originOf(address),
      fields: { cluster },
      ...pauses,
      log: context.log,
      follow: (run) => this.#follow(run),
    });
  }

  /** Events that could not be recorded, not even without their payload. */
  get skipped(): number {
    return this.#skipped.count;
  }

  healthReason(): string | null {
    return this.#supervision.healthReason();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#supervision[Symbol.asyncDispose]();
  }

  async #follow(run: SourceRun): Promise<void> {
    this.#progress ??= await Progress.load(this.#context, this.#options.cluster);
    const progress = this.#progress;
    const silence = new AbortController();
    const watch = setTimeout(
      () => silence.abort(new Error('the stream was silent')),
      this.#silenceMs,
    );
    try {
      const url = this.#url(progress.connect());
      using ended = new EitherSignal(run.signal, silence.signal);
      let heartbeats = 0;
      for await (const lines of linesOf(await this.#open(url, ended.signal))) {
        watch.refresh();
        run.following();
        run.progressed();
        const batches = lines.map(parseLine);
        const read = batches.filter((batch) => batch !== null);
        await this.#take(read, progress, run);
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

  async #take(batches: readonly Batch[], progress: Progress, run: SourceRun): Promise<void> {
    if (batches.length === 0) return;
    try {
      const drafts = await progress.fresh(batches.map(this.#wanted), this.#context.now());
      progress.appended(await this.#report(drafts, run));
    } catch (error) {
      // The position is that of the last stored event: it is loaded again.
      this.#progress = null;
      throw error;
    }
  }

  readonly #wanted = ({ index, events }: Batch): Batch => ({
    index,
    events: events.filter(this.#topics.wants),
  });

  /** Resolves with the latest index; an event that is too large is recorded with less and less of it. */
  async #report(drafts: readonly IdentifiedDraft[], run: SourceRun): Promise<number> {
    const { maxBatch = defaultMaxBatch } = this.#options;
    const { intake, log } = this.#context;
    const options = {
      intake,
      log,
      maxBatch,
      signal: run.signal,
      whileUnavailable: run.waiting,
    };
    let latest = 0;
    let left = drafts;
    let results: readonly ReportResult[] = [];
    for (const reduce of [asItIs, withoutRaw, withoutPayload]) {
      if (left.length === 0) break;
      results = await reportPersistently(left.map(reduce), options);
      run.following();
      for (const result of results) {
        if (result.status !== 'REJECTED') latest = Math.max(latest, result.index);
      }
      const rejected = results.map(({ status }) => status === 'REJECTED');
      left = left.filter((_, at) => rejected[at]);
      results = results.filter((_, at) => rejected[at]);
    }
    skipRejected(this.#skipped, left.map(withoutPayload), results);
    return latest;
  }
}

/** Without credentials, which a URL may have. */
const originOf = (address: string): string =>
  URL.canParse(address) ? new URL(address).origin : address;

const asItIs = (draft: IdentifiedDraft): IdentifiedDraft => draft;
const withoutRaw = (draft: IdentifiedDraft): IdentifiedDraft => ({ ...draft, raw: null });
const withoutPayload = (draft: IdentifiedDraft): IdentifiedDraft => ({
  ...withoutRaw(draft),
  value: null,
  message: 'The payload was too large to be taken.',
});
