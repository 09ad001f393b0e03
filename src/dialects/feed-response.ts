import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Event } from '../event/event.ts';
import type { Headers } from '../http/reply.ts';
import { type FeedBatch, FeedError, type FeedRequest } from '../live/feed.ts';
import { EitherSignal } from '../runtime/either-signal.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { Log } from '../telemetry/log.ts';
import { logUnexpectedError } from '../telemetry/unexpected-error.ts';
import type { DialectContext } from './dialect.ts';

/** How the events of a feed are written to the body of a response. */
export interface FeedFormat {
  /** Different for each format of one dialect. */
  readonly name: string;
  readonly frame: (event: Event) => string;
  /** Written before all events. */
  readonly opening: string;
  readonly heartbeat: string;
  readonly heartbeatEveryMs: number;
  /** Whether an event delays the next heartbeat. */
  readonly onlyWhenIdle: boolean;
}

/** A client may leave data unread for this time: Nomad's own deadline. */
const drainTimeoutMs = 40_000;

/** A feed as the body of a response of status 200. */
export interface FeedAnswer {
  readonly request: FeedRequest;
  readonly headers: Headers;
  readonly format: FeedFormat;
}

/** The responses of one dialect that do not end by themselves. */
export class FeedResponses implements AsyncDisposable {
  readonly #log: Log;
  readonly #open = new Map<AbortController, Promise<void>>();
  /** Responses with the same filter, rights and format are sent the same bytes, so that they share an encoder. */
  readonly #encoders = new Map<string, BatchEncoder>();

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Writes a feed of what the caller may read to a response, until the client disconnects, the feed ends or the dialect
   * is disposed. Then the body just ends, as it must not contain anything but events. A client that does not read is
   * cut off.
   * @throws Forbidden before anything is written
   */
  begin(
    response: ServerResponse,
    { openFeed, scope }: DialectContext,
    { request, headers, format }: FeedAnswer,
  ): void {
    const controller = new AbortController();
    const { signal } = controller;
    const feed = openFeed(request, signal);
    response.once('close', () => controller.abort());
    response.writeHead(200, headers);
    const key = `${format.name} ${scope.readKey} ${JSON.stringify(request.filter)}`;
    const encoder = this.#encoders.get(key) ?? new BatchEncoder(format.frame);
    encoder.users++;
    this.#encoders.set(key, encoder);
    const written = this.#write(response, { feed, format, encoder, signal })
      .catch((error: unknown) => {
        if (error instanceof FeedError || error instanceof Unavailable || signal.aborted) return;
        logUnexpectedError(this.#log, { error, where: 'a feed of a dialect' });
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
    { feed, format, encoder, signal }: Writing,
  ): Promise<void> {
    response.flushHeaders();
    if (format.opening !== '') response.write(format.opening);
    const heartbeat = setInterval(() => {
      if (!response.writableNeedDrain) response.write(format.heartbeat);
    }, format.heartbeatEveryMs);
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
  readonly feed: AsyncIterable<FeedBatch>;
  readonly format: FeedFormat;
  readonly encoder: BatchEncoder;
  readonly signal: AbortSignal;
}

/** Encodes a batch of events once for all streams that are sent it. */
class BatchEncoder {
  users = 0;
  readonly #frame: (event: Event) => string;
  #first: Event | undefined;
  #last: Event | undefined;
  #count = 0;
  #bytes = Buffer.alloc(0);

  constructor(frame: (event: Event) => string) {
    this.#frame = frame;
  }

  /** With one filter and equal rights, two batches are equal if their first events, last events and lengths are. */
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
  const deadline = AbortSignal.timeout(drainTimeoutMs);
  using ended = new EitherSignal(signal, deadline);
  await once(response, 'drain', { signal: ended.signal }).catch(() => {});
  if (deadline.aborted) throw new FeedError('SLOW_CONSUMER', 'The client does not read.');
}
