import type { SizedReport } from './completion.ts';

/** What was read of the journal: everything in (from, to]. */
export interface TailSegment {
  readonly reports: readonly SizedReport[];
  readonly to: number;
}

const maxHeldReports = 16_384;
const maxHeldBytes = 32 * 2 ** 20;

/** The end of the journal as it was read last, for whoever needs it again soon: bounded. */
export class NatsTail {
  #reports: SizedReport[] = [];
  #bytes = 0;
  #from = 0;
  #to = 0;
  #wake: Array<() => void> = [];

  /** Everything after this index is held. */
  get from(): number {
    return this.#from;
  }

  /** Begins anew after an index: what comes next does not follow on what is held. */
  restart(index: number): void {
    this.#reports = [];
    this.#bytes = 0;
    this.#from = index;
    this.#advance(index);
  }

  /** All reports between where it ended and an index. */
  push(reports: readonly SizedReport[], to: number): void {
    for (const indexed of reports) {
      this.#reports.push(indexed);
      this.#bytes += indexed.size;
    }
    if (this.#reports.length > maxHeldReports || this.#bytes > maxHeldBytes) this.#shorten();
    this.#advance(to);
  }

  /** What follows on an index; empty at the end, and null where it is held no more, or not yet. */
  after(index: number, maxReports: number, maxBytes: number): TailSegment | null {
    if (index < this.#from || index > this.#to) return null;
    const first = this.#positionAfter(index);
    let end = first;
    for (
      let size = 0;
      end < this.#reports.length && end - first < maxReports && size < maxBytes;
      end += 1
    ) {
      size += this.#reports[end]?.size ?? 0;
    }
    const segment = this.#reports.slice(first, end);
    return {
      reports: segment,
      to: end === this.#reports.length ? this.#to : (segment.at(-1)?.index ?? index),
    };
  }

  /** Resolves when there is more, or the signal is aborted. */
  grown(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const settle = () => {
        signal.removeEventListener('abort', settle);
        resolve();
      };
      signal.addEventListener('abort', settle);
      this.#wake.push(settle);
    });
  }

  #advance(to: number): void {
    this.#to = to;
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }

  /** Drops the older half at once, so that it is not done for each report. */
  #shorten(): void {
    const dropped = this.#reports.splice(0, Math.ceil(this.#reports.length / 2));
    for (const { size } of dropped) this.#bytes -= size;
    this.#from = dropped.at(-1)?.index ?? this.#from;
  }

  /** The reports are in order of their indexes: found by halving. */
  #positionAfter(index: number): number {
    let low = 0;
    let high = this.#reports.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#reports[middle]?.index ?? 0) <= index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
