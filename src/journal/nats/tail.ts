import type { SizedReport } from './completion.ts';

/** What was read of the journal: everything in (from, to]. */
export interface Stretch {
  readonly parts: readonly SizedReport[];
  readonly to: number;
}

const heldParts = 16_384;
const heldBytes = 32 * 2 ** 20;

/** The end of the journal as it was read last, for whoever needs it again soon: bounded. */
export class NatsTail {
  #parts: SizedReport[] = [];
  #bytes = 0;
  #from = 0;
  #to = 0;
  #wake: Array<() => void> = [];

  /** Everything behind this index is held. */
  get from(): number {
    return this.#from;
  }

  /** Begins anew behind an index: what comes next does not follow on what is held. */
  restart(index: number): void {
    this.#parts = [];
    this.#bytes = 0;
    this.#from = index;
    this.#advance(index);
  }

  /** All parts between where it ended and an index. */
  push(parts: readonly SizedReport[], to: number): void {
    for (const part of parts) {
      this.#parts.push(part);
      this.#bytes += part.size;
    }
    if (this.#parts.length > heldParts || this.#bytes > heldBytes) this.#shorten();
    this.#advance(to);
  }

  /** What follows on an index; empty at the end, and null where it is held no more, or not yet. */
  after(index: number, parts: number, bytes: number): Stretch | null {
    if (index < this.#from || index > this.#to) return null;
    const first = this.#placeBehind(index);
    let end = first;
    for (let size = 0; end < this.#parts.length && end - first < parts && size < bytes; end += 1) {
      size += this.#parts[end]?.size ?? 0;
    }
    const stretch = this.#parts.slice(first, end);
    return {
      parts: stretch,
      to: end === this.#parts.length ? this.#to : (stretch.at(-1)?.index ?? index),
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

  /** Drops the older half: so that it need not be done for each part. */
  #shorten(): void {
    const dropped = this.#parts.splice(0, Math.ceil(this.#parts.length / 2));
    for (const { size } of dropped) this.#bytes -= size;
    this.#from = dropped.at(-1)?.index ?? this.#from;
  }

  /** The parts are in order of their indexes: found by halving. */
  #placeBehind(index: number): number {
    let low = 0;
    let high = this.#parts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#parts[middle]?.index ?? 0) <= index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
