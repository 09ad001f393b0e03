import { setImmediate } from 'node:timers/promises';
import type { EventDraft } from '../event/draft.ts';
import { Backoff, pause } from '../runtime/backoff.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { SkipCounter } from '../telemetry/skip-counter.ts';
import type { Intake } from './intake.ts';
import { isRetryable, skipRejected } from './rejected.ts';

const maxWaiting = 256;
const maxWaitingBytes = 1024 * 1024;
const shortestPauseMs = 100;
const longestPauseMs = 5_000;

interface Waiting {
  readonly draft: EventDraft;
  readonly bytes: number;
}

/**
 * Appends the drafts of a stream of messages, in its order: those that arrive during an append make
 * the next one. While the journal is down it keeps its drafts and tries again; they have ids, so that a
 * repeat is harmless. A draft that will never be accepted is counted and skipped, and the stream goes on.
 */
export class BatchReporter {
  readonly #intake: Intake;
  readonly #skipped: SkipCounter;
  readonly #maxBatch: number;
  readonly #patience = new AbortController();
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #appending: Promise<void> | null = null;
  #failure: unknown;

  /** `maxBatch` is how many drafts are reported in one call. */
  constructor(intake: Intake, skipped: SkipCounter, maxBatch: number) {
    this.#intake = intake;
    this.#skipped = skipped;
    this.#maxBatch = maxBatch;
  }

  /** True while a full load waits: the sender should wait until it is emptied. */
  get full(): boolean {
    return (
      this.#waiting.length >= maxWaiting ||
      this.#waitingBytes >= maxWaitingBytes ||
      this.#failure !== undefined
    );
  }

  /** `bytes` is the size of the message that the draft was made of. */
  add(draft: EventDraft, bytes: number): void {
    this.#waiting.push({ draft, bytes });
    this.#waitingBytes += bytes;
    this.#appending ??= this.#append();
  }

  /** Resolves once nothing waits any more. @throws Unavailable; and what else made an append fail */
  async emptied(): Promise<void> {
    await this.#appending;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** From now on, waits for a journal that is down for this time at most. */
  losePatience(timeoutMs: number): void {
    setTimeout(() => this.#patience.abort(), timeoutMs).unref();
  }

  async #append(): Promise<void> {
    // Messages that arrive together become one batch.
    await setImmediate();
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting.splice(0, this.#maxBatch);
        for (const { bytes } of batch) this.#waitingBytes -= bytes;
        await this.#report(batch.map(({ draft }) => draft));
      }
    } catch (error) {
      this.#failure = error;
    } finally {
      this.#appending = null;
    }
  }

  async #report(batch: readonly EventDraft[]): Promise<void> {
    const backoff = new Backoff(shortestPauseMs, longestPauseMs);
    let left = batch;
    for (;;) {
      try {
        left = await this.#reportOnce(left);
        if (left.length === 0) return;
        if (this.#patience.signal.aborted) throw new Unavailable('Not all events were recorded.');
      } catch (error) {
        if (!(error instanceof Unavailable) || this.#patience.signal.aborted) throw error;
      }
      await pause(backoff.next(), this.#patience.signal);
    }
  }

  /** Resolves with the drafts that were not recorded now; those that never will be are counted and skipped. */
  async #reportOnce(batch: readonly EventDraft[]): Promise<readonly EventDraft[]> {
    const results = await this.#intake.report(batch, 'ACCEPTED');
    const settled = batch.map((_, at) => !isRetryable(results[at]));
    skipRejected(
      this.#skipped,
      batch.filter((_, at) => settled[at]),
      results.filter((_, at) => settled[at]),
    );
    return batch.filter((_, at) => !settled[at]);
  }
}
