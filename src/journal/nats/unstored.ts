import type { Report } from '../../event/event.ts';

/** A report that was acknowledged. */
export interface Acknowledged {
  readonly report: Report;
  readonly index: number;
  /** Of its message, in bytes. */
  readonly size: number;
  /** How often it was published again because the store lacked it. */
  readonly attempts: number;
}

/** While the database is down for long, the oldest are forgotten: then nothing checks them. */
const bounds = { reports: 65_536, bytes: 64 * 2 ** 20 };

/** The reports that this gateway has had acknowledged, in that order, from then on until they are known to be stored. */
export class UnstoredReports {
  readonly #reports: Acknowledged[] = [];
  #bytes = 0;
  /** How many of the first are doubted: they are looked for in the store before they are forgotten. */
  #doubted = 0;

  get isEmpty(): boolean {
    return this.#reports.length === 0;
  }

  add(acknowledged: Acknowledged): void {
    this.#reports.push(acknowledged);
    this.#bytes += acknowledged.size;
    if (this.#reports.length > bounds.reports || this.#bytes > bounds.bytes) {
      this.#forget(Math.ceil(this.#reports.length / 2));
    }
  }

  /** Doubts all that there are. */
  doubt(): void {
    this.#doubted = this.#reports.length;
  }

  /** Forgets reports up to the stored index, from the first on, until one is doubted: then these are the next ones to look for. */
  doubtedUpTo(storedIndex: number, limit: number): readonly Acknowledged[] {
    const later = this.#reports.findIndex(({ index }) => index > storedIndex);
    const stored = later === -1 ? this.#reports.length : later;
    if (this.#doubted === 0) this.#forget(stored);
    return this.#reports.slice(0, Math.min(stored, this.#doubted, limit));
  }

  /** Forgets those of a page that were looked for, except some, which are doubted until they are found. */
  settle(page: readonly Acknowledged[], unsettled: readonly Acknowledged[]): void {
    const settled = new Set(page);
    const next = this.#reports.findIndex((acknowledged) => !settled.has(acknowledged));
    this.#forget(next === -1 ? this.#reports.length : next);
    if (unsettled.length === 0) return;
    // All that were acknowledged meanwhile are doubted with them.
    for (const acknowledged of unsettled) this.add(acknowledged);
    this.doubt();
  }

  #forget(count: number): void {
    for (const { size } of this.#reports.splice(0, count)) this.#bytes -= size;
    this.#doubted = Math.max(0, this.#doubted - count);
  }
}
