import type { Report } from '../event/event.ts';

interface Published {
  readonly report: Report;
  readonly body: Uint8Array;
}

/** What is kept of reports that are not read back: beyond it they are decoded like anyone's. */
const mostReports = 16_384;
const mostBytes = 32 * 2 ** 20;

/** The reports that this process has published and will soon read back: they need not be decoded. */
export class NatsPublished {
  /** Each in its sequence's place, where the next one of that place takes over. */
  #published: (Published | undefined)[] = new Array(mostReports);
  readonly #sequences = new Float64Array(mostReports);
  #bytes = 0;

  /** A report that the stream has under this sequence. */
  add(sequence: number, published: Published): void {
    const place = sequence % mostReports;
    this.#bytes += published.body.length - (this.#published[place]?.body.length ?? 0);
    if (this.#bytes > mostBytes) {
      this.#published = new Array(mostReports);
      this.#bytes = published.body.length;
    }
    this.#published[place] = published;
    this.#sequences[place] = sequence;
  }

  /** The report in a message, where it is one of them; a stream that was made again gives its sequences to others. */
  take(sequence: number, body: Uint8Array): Report | null {
    const place = sequence % mostReports;
    const published = this.#published[place];
    if (published === undefined || this.#sequences[place] !== sequence) return null;
    this.#published[place] = undefined;
    this.#bytes -= published.body.length;
    return Buffer.compare(body, published.body) === 0 ? published.report : null;
  }
}
