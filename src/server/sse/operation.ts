import type { ServerResponse } from 'node:http';
import { FeedError } from '../../live/feed.ts';
import { formatStreamEventId } from '../../live/stream-event-id.ts';
import type {
  FeedOperation,
  FeedReceiver,
  Message,
  Subscribe,
  Subscription,
} from '../../live/subscription.ts';
import type { FeedConnection } from '../feeds/connections.ts';
import { Outbox, type Owner } from '../feeds/outbox.ts';
import { slowConsumer } from '../feeds/slow-consumer.ts';

export interface SseOptions {
  readonly queueBytes: number;
  /** How long a reader has to read the end of the stream. */
  readonly graceMs: number;
  /** The result with an error, as JSON. */
  readonly errorText: (error: FeedError) => string;
  readonly onSlowConsumer: () => void;
  readonly onClose: (operation: SseOperation) => void;
}

/** Beats in a row with the same bytes still waiting, after which the reader is disconnected. */
const maxSilentBeats = 3;

const headers = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  // Else nginx buffers the events.
  'X-Accel-Buffering': 'no',
};

const complete = 'event: complete\ndata:\n\n';

/**
 * One operation as a stream of server-sent events, in graphql-sse's form (a connection of its own for each):
 * `next` with a result, `complete` at the end. The id of an event is the journal's id and the index to resume after.
 */
export class SseOperation implements FeedReceiver, Owner, FeedConnection {
  readonly #response: ServerResponse;
  readonly #options: SseOptions;
  readonly #outbox: Outbox;
  #subscription: Pick<Subscription, 'cancel'> | null = null;
  #journalId = '';
  #lastIndex = 0;
  #isForbidden = false;
  #drainsAtBeat = -1;
  #silentBeats = 0;
  #graceTimer: NodeJS.Timeout | undefined;

  constructor(response: ServerResponse, options: SseOptions) {
    this.#response = response;
    this.#options = options;
    this.#outbox = new Outbox(
      {
        write: (bytes) => response.writableEnded || response.write(bytes, 'latin1'),
        get writableLength() {
          return response.writableLength;
        },
      },
      options.queueBytes,
    );
    response.on('drain', () => this.#outbox.drained());
    response.on('error', () => response.destroy());
    response.once('close', () => this.#closed());
    // Some browsers open the stream only with its first bytes.
    response.writeHead(200, headers);
    this.#outbox.push(':\n\n');
  }

  /** Bytes that wait to be read by the client. */
  get queued(): number {
    return this.#outbox.queued;
  }

  start(operation: FeedOperation, subscribe: Subscribe): void {
    try {
      this.#subscription = subscribe(operation, this);
    } catch (error) {
      if (!(error instanceof FeedError)) throw error;
      this.end(error);
    }
  }

  /** Sends one result and completes. */
  answer(text: string): void {
    this.#result(text);
    this.#outbox.push(complete);
    this.#finish();
  }

  /** Sends results one after another, each once there is room, and completes after the last. */
  async follow(results: AsyncIterableIterator<string>): Promise<void> {
    this.#subscription = { cancel: () => void results.return?.() };
    for await (const text of results) {
      if (this.#response.destroyed || this.#isForbidden) return;
      this.#result(text);
      await this.#outbox.room();
    }
    if (this.#isForbidden) return;
    this.#outbox.push(complete);
    this.#finish();
  }

  begin(index: number, journalId: string): void {
    this.#journalId = journalId;
    this.checkpoint(index);
  }

  send({ bytes, index }: Message): void {
    const id = formatStreamEventId(this.#journalId, index);
    this.#outbox.push(`id: ${id}\nevent: next\ndata: ${bytes}\n\n`, this, index);
  }

  get hasRoom(): boolean {
    return this.#outbox.hasRoom;
  }

  room(): Promise<void> {
    return this.#outbox.room();
  }

  /** A comment, and an event without data: browsers keep its id and dispatch nothing. */
  checkpoint(index: number): void {
    const id = formatStreamEventId(this.#journalId, index);
    this.#outbox.push(`: ${index}\nid: ${id}\n\n`, this, index);
  }

  /** A gateway that closes does not complete the stream: clients then connect to another. */
  end(error: FeedError | null): void {
    if (error) this.answer(this.#options.errorText(error));
    else this.#finish();
  }

  sent(index: number): void {
    this.#lastIndex = index;
  }

  overflowed(): void {
    this.#subscription?.cancel();
    this.#options.onSlowConsumer();
    this.end(slowConsumer(this.#lastIndex));
  }

  /** The caller may not follow any more: the stream ends without completing, so that clients connect again. */
  forbid(error: FeedError): void {
    if (this.#isForbidden) return;
    this.#isForbidden = true;
    this.#subscription?.cancel();
    this.#outbox.drop(this);
    this.#result(this.#options.errorText(error));
    this.#finish();
  }

  /** The index to resume after. */
  get lastIndex(): number {
    return this.#lastIndex;
  }

  beat(): void {
    const { drains } = this.#outbox;
    const stuck = this.#response.writableLength > 0 && drains === this.#drainsAtBeat;
    this.#silentBeats = stuck ? this.#silentBeats + 1 : 0;
    this.#drainsAtBeat = drains;
    if (this.#silentBeats >= maxSilentBeats) this.#response.destroy();
    else if (this.#outbox.hasRoom) this.#outbox.push(':\n\n');
  }

  terminate(): void {
    this.#response.destroy();
  }

  #result(text: string): void {
    this.#outbox.push(`event: next\ndata: ${Buffer.from(text).toString('latin1')}\n\n`);
  }

  #finish(): void {
    if (this.#response.writableEnded || this.#graceTimer) return;
    this.#graceTimer = setTimeout(() => this.#response.destroy(), this.#options.graceMs).unref();
    void this.#outbox.room().then(() => {
      this.#outbox.flush();
      this.#response.end();
    });
  }

  #closed(): void {
    clearTimeout(this.#graceTimer);
    this.#subscription?.cancel();
    this.#outbox.close();
    this.#options.onClose(this);
  }
}
