import type { Log } from './log.ts';

const quiet = 60_000;
const longestSample = 300;

/** Counts messages that cannot be used, and logs them once a minute at most, with a sample. */
export class SkipCounter {
  readonly #log: Log;
  readonly #sentence: string;
  #count = 0;
  #told = 0;
  #tellAgainAt = 0;

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
    if (this.#told > 0 && now < this.#tellAgainAt) return;
    const sample = Buffer.from(message.subarray(0, longestSample)).toString();
    this.#log.warn({ count: this.#count - this.#told, reason, sample }, this.#sentence);
    this.#told = this.#count;
    this.#tellAgainAt = now + quiet;
  }
}
