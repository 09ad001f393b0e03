import { Backoff, pause } from '../../runtime/backoff.ts';
import { Repeated } from '../../runtime/repeated.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import type { OpenStore } from '../open.ts';
import { isTail, percentOf, type RollupProgress, uncountedIn } from '../rollup-progress.ts';

type RollupStore = Pick<OpenStore, 'rollUp' | 'rollupProgress'>;

/** How often it looks for events to count. */
const lookMs = 1_000;
/** So many are counted at the next look, and any number after this time: fewer statements change fewer rows. */
const enoughEvents = 2_000;
const longestWaitMs = 10_000;
const reportMs = 10_000;

/** New events wait for a batch: it is made as large as this time allows. */
const batchMs = 60;
const fewestEvents = 100;
const mostEvents = 10_000;

const shortestPauseMs = 1_000;
const longestPauseMs = 30_000;

const filling = 'The rollups are being filled: until then, statistics read events one by one.';

/**
 * Counts the events that no rollup counts yet: the latest, and also those that were stored before there were rollups, or
 * all after `tidings rebuild-rollups`. Where they are many, it works half of the time, so that new events get the other half.
 */
export class RollupFill implements AsyncDisposable {
  readonly #store: RollupStore;
  readonly #log: Log;
  readonly #closing = new AbortController();
  readonly #backoff = new Backoff(shortestPauseMs, longestPauseMs);
  readonly #batches: Batches;
  readonly #looking: Repeated;
  #pauseMs = lookMs;
  #uncounted = 0;
  /** Whether there are so many that rollups answer nothing. */
  #isBehind = false;
  #countedAtMs = 0;

  constructor(store: RollupStore, log: Log) {
    this.#store = store;
    this.#log = log;
    this.#batches = new Batches(store);
    this.#looking = new Repeated(
      () => this.#pauseMs,
      () => this.#look(),
      (error) => this.#failed(error),
    );
    this.#looking.soon();
  }

  /** How many indexes the events have that are not yet counted. */
  get uncounted(): number {
    return this.#uncounted;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#looking[Symbol.asyncDispose]();
  }

  async #look(): Promise<void> {
    const progress = await this.#store.rollupProgress();
    this.#uncounted = uncountedIn(progress);
    this.#isBehind = !isTail(progress);
    const hasWaited = performance.now() - this.#countedAtMs >= longestWaitMs;
    if (this.#uncounted >= (hasWaited ? 1 : enoughEvents)) {
      await this.#batches.fill(progress, {
        signal: this.#closing.signal,
        onProgress: (counted, isDone) => this.#report(counted, isDone),
      });
      this.#countedAtMs = performance.now();
    }
    this.#backoff.reset();
    this.#pauseMs = lookMs;
  }

  #failed(error: unknown): void {
    // The store itself logs when it is down.
    if (!(error instanceof Unavailable)) {
      this.#log.error({ error }, 'Events could not be counted in the rollups.');
    }
    this.#pauseMs = this.#backoff.next();
  }

  #report(progress: RollupProgress, isDone: boolean): void {
    this.#uncounted = uncountedIn(progress);
    if (!this.#isBehind) return;
    const percent = percentOf(progress);
    if (isDone) this.#log.info('The rollups count every event.');
    else this.#log.info({ percent, uncounted: this.#uncounted }, filling);
  }
}

interface FillOptions {
  readonly signal: AbortSignal;
  /** Called when it begins, from time to time, and when it is done; not at all where there is nothing to do. */
  readonly onProgress: (progress: RollupProgress, isDone: boolean) => void;
}

/** Counts every event that is stored by now, unless the signal is aborted. */
export const fillRollups = async (store: RollupStore, options: FillOptions): Promise<void> =>
  new Batches(store).fill(await store.rollupProgress(), options);

/** Counts events in batches, and learns how large these may be. */
class Batches {
  readonly #store: RollupStore;
  #maxEvents = fewestEvents;

  constructor(store: RollupStore) {
    this.#store = store;
  }

  /** Counts every event that was stored by `begin`, unless the signal is aborted. */
  async fill(begin: RollupProgress, { signal, onProgress }: FillOptions): Promise<void> {
    let progress = begin;
    if (uncountedIn(progress) === 0) return;
    let reportedAtMs = Number.NEGATIVE_INFINITY;
    while (!signal.aborted && progress.rolledIndex < begin.storedIndex) {
      if (performance.now() - reportedAtMs >= reportMs) {
        reportedAtMs = performance.now();
        onProgress(progress, false);
      }
      const rolledUp = await this.#store.rollUp(this.#maxEvents);
      progress = rolledUp;
      const { busyMs } = rolledUp;
      if (busyMs > batchMs)
        this.#maxEvents = Math.max(fewestEvents, Math.floor(this.#maxEvents / 2));
      // The last batch may have had room for more.
      else if (busyMs < batchMs / 2 && uncountedIn(progress) > 0) {
        this.#maxEvents = Math.min(mostEvents, this.#maxEvents * 2);
      }
      await pause(busyMs, signal);
    }
    if (!signal.aborted) onProgress(progress, true);
  }
}
