import type { Report } from '../../event/event.ts';

interface Published {
  readonly report: Report;
  readonly body: Uint8Array;
}

/** Limits of the reports that are not read back yet: all others are decoded like anyone's. */
const mostReports = 16_384;
const mostBytes = 32 * 2 ** 20;

/** The reports that this process has published and will soon read back: they need not be decoded. */
export class NatsPublished {
  readonly #reports = new Map<number, Published>();
  #bytes = 0;

  /** A report that the stream has under this sequence. */
  add(sequence: number, published: Published): void {
    this.#bytes += published.body.length;
    if (this.#reports.size === mostReports || this.#bytes > mostBytes) {
      this.#reports.clear();
      this.#bytes = published.body.length;
    }
    this.#reports.set(sequence, published);
  }

  /**
   * The report in a message, where it is one of them; a stream that was recreated gives its sequences to others.
   * @param onOther called where another report has the sequence
   */
  take(sequence: number, body: Uint8Array, onOther?: () => void): Report | null {
    const published = this.#reports.get(sequence);
    if (published === undefined) return null;
    this.#reports.delete(sequence);
    this.#bytes -= published.body.length;
    if (Buffer.compare(body, published.body) === 0) return published.report;
    onOther?.();
    return null;
  }
}
