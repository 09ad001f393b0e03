import { Backoff, pause } from '../../runtime/backoff.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import type { OpenStore } from '../open.ts';
import { isTail } from '../read/rollups.ts';
import type { RollupProgress } from './journal-state.ts';

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
  readonly #work: Promise<void>;
  #uncounted = 0;
  /** Whether there are so many that rollups answer nothing. */
  #isBehind = false;
  #countedAtMs = 0;

  constructor(store: RollupStore, log: Log) {
    this.#store = store;
    this.#log = log;
    this.#work = this.#run();
  }

  /** How many indexes the events have that are not yet counted. */
  get uncounted(): number {
    return this.#uncounted;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#work;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    const backoff = new Backoff(shortestPauseMs, longestPauseMs);
    while (!signal.aborted) {
      try {
        await this.#look();
        backoff.reset();
        await pause(lookMs, signal);
      } catch (error) {
        // The store itself logs when it is down.
        if (!(error instanceof Unavailable)) {
          this.#log.error({ error }, 'Events could not be counted in the rollups.');
        }
        await pause(backoff.next(), signal);
      }
    }
  }

  async #look(): Promise<void> {
    const progress = await this.#store.rollupProgress();
    this.#uncounted = uncountedIn(progress);
    this.#isBehind = !isTail(progress);
    const hasWaited = performance.now() - this.#countedAtMs >= longestWaitMs;
    if (this.#uncounted < (hasWaited ? 1 : enoughEvents)) return;
    await fillRollups(this.#store, {
      signal: this.#closing.signal,
      onProgress: (counted, isDone) => this.#report(counted, isDone),
    });
    this.#countedAtMs = performance.now();
  }

  #report(progress: RollupProgress, isDone: boolean): void {
    this.#uncounted = uncountedIn(progress);
    if (!this.#isBehind) return;
    const percent = percentOf(progress);
    if (isDone) this.#log.info('The rollups count every event.');
    else this.#log.info({ percent, uncounted: this.#uncounted }, filling);
  }
}

const uncountedIn = ({ rolledIndex, storedIndex }: RollupProgress): number =>
  Math.max(0, storedIndex - rolledIndex);

export const percentOf = ({ rolledIndex, storedIndex }: RollupProgress): number =>
  Math.floor((100 * rolledIndex) / Math.max(1, storedIndex));

interface FillOptions {
  readonly signal: AbortSignal;
  /** Called when it begins, from time to time, and when it is done; not at all where there is nothing to do. */
  readonly onProgress: (progress: RollupProgress, isDone: boolean) => void;
}

/** Counts every event that is stored by now, unless the signal is aborted. */
export async function fillRollups(
  store: RollupStore,
  { signal, onProgress }: FillOptions,
): Promise<void> {
  let progress = await store.rollupProgress();
  const { storedIndex: end } = progress;
  if (uncountedIn(progress) === 0) return;
  let reportedAt = Number.NEGATIVE_INFINITY;
  let maxEvents = fewestEvents;
  while (!signal.aborted && progress.rolledIndex < end) {
    if (performance.now() - reportedAt >= reportMs) {
      reportedAt = performance.now();
      onProgress(progress, false);
    }
    const begin = performance.now();
    progress = await store.rollUp(maxEvents);
    const tookMs = performance.now() - begin;
    maxEvents = nextBatch(maxEvents, tookMs);
    await pause(tookMs, signal);
  }
  if (!signal.aborted) onProgress(progress, true);
}

function nextBatch(events: number, tookMs: number): number {
  if (tookMs > batchMs) return Math.max(fewestEvents, Math.floor(events / 2));
  return tookMs < batchMs / 2 ? Math.min(mostEvents, events * 2) : events;
}
