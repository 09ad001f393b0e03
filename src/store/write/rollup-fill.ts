import { Backoff, pause } from '../../runtime/backoff.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import type { OpenStore } from '../open.ts';
import type { RollupProgress } from './journal-state.ts';

type RollupStore = Pick<OpenStore, 'rollUp' | 'rollupProgress'>;

/** How often it looks whether another process has begun to count anew. */
const lookMs = 10_000;
const reportMs = 10_000;

/** New events wait for a batch: it is made as large as this time allows. */
const batchMs = 60;
const fewestEvents = 100;
const mostEvents = 10_000;

const shortestPauseMs = 1_000;
const longestPauseMs = 30_000;

const filling = 'The rollups are being filled: until then, statistics read events one by one.';

/**
 * Counts the events that no rollup counts yet: those that were stored before there were rollups, or all after
 * `tidings rebuild-rollups`. It works half of the time, so that new events get the other half.
 */
export class RollupFill implements AsyncDisposable {
  readonly #store: RollupStore;
  readonly #log: Log;
  readonly #closing = new AbortController();
  readonly #work: Promise<void>;
  #uncounted = 0;

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
        await fillRollups(this.#store, {
          signal,
          onProgress: (progress, isDone) => this.#report(progress, isDone),
        });
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

  #report(progress: RollupProgress, isDone: boolean): void {
    this.#uncounted = uncountedIn(progress);
    const percent = percentOf(progress);
    if (isDone) this.#log.info('The rollups count every event.');
    else this.#log.info({ percent, uncounted: this.#uncounted }, filling);
  }
}

const uncountedIn = ({ rolledIndex, rolledEnd }: RollupProgress): number =>
  Math.max(0, rolledEnd - rolledIndex);

export const percentOf = ({ rolledIndex, rolledEnd }: RollupProgress): number =>
  Math.floor((100 * rolledIndex) / Math.max(1, rolledEnd));

interface FillOptions {
  readonly signal: AbortSignal;
  /** Called when it begins, from time to time, and when it is done; not at all where there is nothing to do. */
  readonly onProgress: (progress: RollupProgress, isDone: boolean) => void;
}

/** Counts until every event is counted, or the signal is aborted. */
export async function fillRollups(
  store: RollupStore,
  { signal, onProgress }: FillOptions,
): Promise<void> {
  let progress = await store.rollupProgress();
  if (uncountedIn(progress) === 0) return;
  let reportedAt = Number.NEGATIVE_INFINITY;
  let maxEvents = fewestEvents;
  while (!signal.aborted && uncountedIn(progress) > 0) {
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
