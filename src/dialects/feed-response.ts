import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Event } from '../event/event.ts';
import { FeedError, type FeedRequest, type OpenFeed } from '../live/feed.ts';
import type { Log } from '../telemetry/log.ts';

/** How the events of a feed are written to the body of a response. */
export interface FeedFormat {
  /** Tells the formats of one dialect apart. */
  readonly name: string;
  readonly frame: (event: Event) => string;
  /** What is written before all events. */
  readonly opening: string;
  readonly heartbeat: string;
  /** Milliseconds between heartbeats. */
  readonly heartbeatEvery: number;
  /** Whether events put the next heartbeat off. */
  readonly onlyWhenIdle: boolean;
}

/** How long a client may leave what it was sent unread, in milliseconds: Nomad's own deadline. */
const patience = 40_000;

/** The responses of one dialect that do not end by themselves. */
export class FeedResponses implements AsyncDisposable {
  readonly #openFeed: OpenFeed;
  readonly #log: Log;
  readonly #open = new Map<AbortController, Promise<void>>();
  /** One for all that are sent the same bytes: those with the same filter and format. */
  readonly #encoders = new Map<string, Encoder>();

  constructor(openFeed: OpenFeed, log: Log) {
    this.#openFeed = openFeed;
    this.#log = log;
  }

  /**
   * Writes a feed to a response, whose head was written, until the client goes, the feed ends or the dialect is
   * disposed; then the body just ends, as nothing but events may stand in it. A client that does not read is cut off.
   */
  begin(response: ServerResponse, request: FeedRequest, format: FeedFormat): void {
    const controller = new AbortController();
    const { signal } = controller;
    response.once('close', () => controller.abort());
    const key = `${format.name} ${JSON.stringify(request.filter)}`;
    const encoder = this.#encoders.get(key) ?? new Encoder(format.frame);
    encoder.users++;
    this.#encoders.set(key, encoder);
    const written = this.#write(response, { request, format, encoder, signal })
      .catch((error: unknown) => {
        if (error instanceof FeedError || signal.aborted) return;
        this.#log.error({ error }, 'A feed ended in a way that nobody expected.');
      })
      .finally(() => {
        this.#open.delete(controller);
        if (--encoder.users === 0) this.#encoders.delete(key);
        controller.abort();
        if (response.writableNeedDrain) response.destroy();
        else response.end();
      });
    this.#open.set(controller, written);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const controller of this.#open.keys()) controller.abort();
    await Promise.all(this.#open.values());
  }

  async #write(
    response: ServerResponse,
    { request, format, encoder, signal }: Writing,
  ): Promise<void> {
    const feed = this.#openFeed(request, signal);
    response.flushHeaders();
    if (format.opening !== '') response.write(format.opening);
    const heartbeat = setInterval(() => {
      if (!response.writableNeedDrain) response.write(format.heartbeat);
    }, format.heartbeatEvery);
    try {
      for await (const { events } of feed) {
        if (signal.aborted) return;
        if (events.length === 0) continue;
        if (format.onlyWhenIdle) heartbeat.refresh();
        if (!response.write(encoder.encode(events))) await drained(response, signal);
      }
    } finally {
      clearInterval(heartbeat);
    }
  }
}

interface Writing {
  readonly request: FeedRequest;
  readonly format: FeedFormat;
  readonly encoder: Encoder;
  readonly signal: AbortSignal;
}

/** Makes the bytes of a stretch of events once, though many streams are sent them one after the other. */
class Encoder {
  users = 0;
  readonly #frame: (event: Event) => string;
  #first: Event | undefined;
  #last: Event | undefined;
  #count = 0;
  #bytes = Buffer.alloc(0);

  constructor(frame: (event: Event) => string) {
    this.#frame = frame;
  }

  /** With one filter, a stretch is told by its ends and its length. */
  encode(events: readonly Event[]): Buffer {
    const [first, last] = [events[0], events.at(-1)];
    if (first !== this.#first || last !== this.#last || events.length !== this.#count) {
      this.#first = first;
      this.#last = last;
      this.#count = events.length;
      this.#bytes = Buffer.from(events.map(this.#frame).join(''));
    }
    return this.#bytes;
  }
}

/** @throws FeedError when the client does not read */
async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  const deadline = AbortSignal.timeout(patience);
  await once(response, 'drain', { signal: AbortSignal.any([signal, deadline]) }).catch(() => {});
  if (deadline.aborted) throw new FeedError('SLOW_CONSUMER', 'The client does not read.');
}
