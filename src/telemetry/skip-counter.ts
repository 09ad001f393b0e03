import type { Log } from './log.ts';

const logIntervalMs = 60_000;
const maxSampleBytes = 300;

/** Counts messages that cannot be used, and logs them once a minute at most, with a sample. */
export class SkipCounter {
  readonly #log: Log;
  readonly #sentence: string;
  #count = 0;
  #logged = 0;
  #nextLogAt = 0;

  /** The sentence says what was skipped: `Messages of the stream X are no reports.` */
  constructor(log: Log, sentence: string) {
    this.#log = log;
    this.#sentence = sentence;
  }

  /** How many have been skipped since the process started. */
  get count(): number {
    return this.#count;
  }

  skip(message: Uint8Array, reason: string): void {
    this.#count += 1;
    const now = performance.now();
    if (this.#logged > 0 && now < this.#nextLogAt) return;
    const sample = Buffer.from(message.subarray(0, maxSampleBytes)).toString();
    this.#log.warn({ count: this.#count - this.#logged, reason, sample }, this.#sentence);
    this.#logged = this.#count;
    this.#nextLogAt = now + logIntervalMs;
  }
}
