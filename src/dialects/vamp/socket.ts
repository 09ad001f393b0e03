import type { WebSocket } from 'ws';
import { Forbidden } from '../../access/principal.ts';
import type { Event } from '../../event/event.ts';
import { InputError } from '../../event/input-error.ts';
import { FeedError } from '../../live/feed.ts';
import type { Log } from '../../telemetry/log.ts';
import { logUnexpectedError } from '../../telemetry/unexpected-error.ts';
import type { Caller } from '../caller.ts';
import type { DialectContext } from '../dialect.ts';
import type { VampApi } from './api.ts';
import { type Call, socketRouteOf } from './call.ts';
import type { Answer } from './content.ts';
import { streamFilter } from './event-stream.ts';
import type { VampOptions } from './options.ts';
import {
  readRequests,
  type SocketContent,
  type SocketRequest,
  type SocketStatus,
  writeError,
  writeEvent,
  writeResponse,
} from './socket-message.ts';
import { VampError } from './vamp-error.ts';

const methods = { PEEK: 'GET', PUT: 'POST', REMOVE: 'DELETE' } as const;
const mediaTypes: Readonly<Record<SocketContent, string>> = {
  JSON: 'application/json',
  YAML: 'application/x-yaml',
  PLAINTEXT: 'text/plain',
  JAVASCRIPT: 'application/javascript',
};

/** Messages of one client that may wait. */
const maxWaiting = 64;
/** A client that leaves a message unread for this time is disconnected. */
const readTimeoutMs = 40_000;

export interface SocketOptions {
  readonly caller: Caller;
  readonly log: Log;
  readonly api: VampApi;
  readonly options: VampOptions;
  /** The namespace of the upgrade's path, for paths that name none; and the origin that the client called. */
  readonly namespace: string;
  readonly origin: string;
}

/** One client of the WebSocket: answers its calls in order, and follows at most one stream of events. */
export class Socket {
  readonly #socket: WebSocket;
  readonly #options: SocketOptions;
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;
  #following = new AbortController();

  constructor(socket: WebSocket, options: SocketOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('message', (data) => this.#queue(String(data)));
    socket.on('close', () => this.#following.abort());
    socket.on('error', () => socket.terminate());
  }

  #queue(message: string): void {
    if (++this.#waiting >= maxWaiting) this.#socket.pause();
    this.#turn = this.#turn.then(async () => {
      await this.#take(message);
      if (--this.#waiting < maxWaiting) this.#socket.resume();
    });
  }

  async #take(message: string): Promise<void> {
    try {
      for (const request of readRequests(message)) await this.#handle(request);
    } catch (error) {
      if (isMistake(error)) this.#socket.send(writeError(error.message));
      else this.#fail(error);
    }
  }

  async #handle(request: SocketRequest): Promise<void> {
    const call = this.#callOf(request);
    if (request.action === 'PEEK' && call.path.join('/') === 'events/stream') {
      this.#follow(request, call);
      return;
    }
    const { api } = this.#options;
    const answered = api.knows(call.path)
      ? await api.answer(call)
      : { status: 404, headers: {}, body: '' };
    this.#socket.send(responseTo(request, answered));
  }

  /** The same call by HTTP. As in Vamp, PUT to the path of a list reports. @throws VampError */
  #callOf(request: SocketRequest): Call {
    const { namespace, origin } = this.#options;
    const address = `${origin}${request.path}`;
    const url = URL.canParse(address) ? new URL(address) : null;
    const route = url && socketRouteOf(url.pathname);
    if (!url || !route?.path) throw new VampError(`Bad request. Unsupported path: ${request.path}`);
    for (const [name, value] of request.parameters) url.searchParams.append(name, value);
    return {
      context: this.#options.caller.context,
      method: methods[request.action],
      namespace: route.namespace ?? namespace,
      path: route.path,
      url,
      accept: mediaTypes[request.accept],
      contentType: mediaTypes[request.content],
      body: request.data ?? '',
    };
  }

  /** Follows the stream that a request asks for, and ends the one before. */
  #follow(request: SocketRequest, call: Call): void {
    const { options } = this.#options;
    const filter = streamFilter(call, options);
    this.#following.abort();
    this.#following = new AbortController();
    const { signal } = this.#following;
    const feed = call.context.openFeed({ filter, afterIndex: null }, signal);
    this.#send(request, feed, signal).catch((error: unknown) => {
      if (signal.aborted) return;
      if (error instanceof FeedError) this.#socket.close(1013, error.code);
      else this.#fail(error);
    });
  }

  async #send(
    request: SocketRequest,
    feed: ReturnType<DialectContext['openFeed']>,
    signal: AbortSignal,
  ): Promise<void> {
    for await (const { events } of feed) {
      if (signal.aborted) return;
      if (events.length > 0) await this.#deliver(request, events);
    }
  }

  /** Resolves once the socket has taken the events. */
  #deliver(request: SocketRequest, events: readonly Event[]): Promise<void> {
    return new Promise((resolve) => {
      const deadline = setTimeout(() => this.#socket.terminate(), readTimeoutMs);
      const last = events.length - 1;
      for (const [at, event] of events.entries()) {
        const text = writeEvent(request, event);
        if (at < last) this.#socket.send(text);
        else {
          this.#socket.send(text, () => {
            clearTimeout(deadline);
            resolve();
          });
        }
      }
    });
  }

  #fail(error: unknown): void {
    logUnexpectedError(this.#options.log, { error, where: "Vamp's WebSocket" });
    this.#socket.close(1011);
  }
}

/** An error whose message is for the client; the socket stays open. */
const isMistake = (error: unknown): error is VampError | InputError | Forbidden =>
  error instanceof VampError || error instanceof InputError || error instanceof Forbidden;

const statuses: Readonly<Record<number, SocketStatus>> = {
  200: 'OK',
  201: 'OK',
  202: 'ACCEPTED',
  204: 'NOCONTENT',
};

function responseTo(request: SocketRequest, { status, headers, body }: Answer): string {
  const { 'Content-Type': _, ...parameters } = headers;
  return writeResponse(request, statuses[status] ?? 'ERROR', body === '' ? null : body, parameters);
}
