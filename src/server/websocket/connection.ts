import type { Duplex } from 'node:stream';
import { CloseCode, MessageType, type Server } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Scope } from '../../access/scope.ts';
import { unmarked } from '../../event/json.ts';
import type { FeedOperation, Subscribe } from '../../live/subscription.ts';
import type { Log } from '../../telemetry/log.ts';
import { logUnexpectedError } from '../../telemetry/unexpected-error.ts';
import type { FeedConnection } from '../feeds/connections.ts';
import { Outbox } from '../feeds/outbox.ts';
import { isClientMessage, persistedQueryAnswer, readMessage } from './client-message.ts';
import type { Ending } from './ending.ts';
import { textFrameHead } from './frame.ts';
import { WebSocketOperation } from './operation.ts';
import type { SocketSession } from './session.ts';

/** Passed by graphql-ws with each message. */
export interface SocketExtra {
  readonly connection: WebSocketConnection;
}

export interface ConnectionOptions {
  readonly server: Server<SocketExtra>;
  readonly session: SocketSession;
  readonly subscribe: Subscribe;
  readonly queueBytes: number;
  /** How long a reader that is too slow has to read the error. */
  readonly graceMs: number;
  readonly log: Log;
  /** A subscription was ended because its reader is too slow. */
  readonly onSlowConsumer: () => void;
  readonly onClose: (connection: WebSocketConnection) => void;
}

/** https://www.iana.org/assignments/websocket: graphql-ws clients reconnect after both. */
export const goingAway = 1001;
export const tryAgainLater = 1013;

/**
 * One socket. Messages are written as frames of our own, several in one write; `ws` writes control frames. Each frame is
 * written whole, so they never mix.
 */
export class WebSocketConnection implements FeedConnection {
  /** As the client sent it with the upgrade or connection_init: anything. */
  traceparent: unknown;
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  readonly #options: ConnectionOptions;
  readonly #outbox: Outbox;
  #closed: AbortController | null = null;
  #alive = true;
  #graceTimer: NodeJS.Timeout | undefined;

  constructor(webSocket: WebSocket, socket: Duplex, options: ConnectionOptions) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#options = options;
    this.#outbox = new Outbox(
      {
        write: (bytes) => this.#write(bytes),
        get writableLength() {
          return socket.writableLength;
        },
      },
      options.queueBytes,
    );
    this.#open();
  }

  /** Bytes that wait to be read by the client. */
  get queued(): number {
    return this.#outbox.queued;
  }

  /** Aborted when the connection is closed; made for the first query, as most connections only follow. */
  get closedSignal(): AbortSignal {
    this.#closed ??= new AbortController();
    return this.#closed.signal;
  }

  /** Begins a subscription; its end is iterated. */
  follow(id: string, operation: FeedOperation, scope: Scope): Ending {
    const following = new WebSocketOperation(id, this.#outbox, () => this.#overflowed());
    const begins = this.session.followFeed(following, scope);
    if (begins) following.start(operation, this.#options.subscribe);
    return following.ending;
  }

  /** Who is at the other end. */
  get session(): SocketSession {
    return this.#options.session;
  }

  /** Closes the socket if nothing came from the client since the last beat. */
  beat(): void {
    if (!this.#alive) this.#webSocket.terminate();
    this.#alive = false;
    if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.ping();
  }

  close(code: number, reason: string): void {
    this.#outbox.flush();
    this.#webSocket.close(code, reason);
  }

  terminate(): void {
    this.#webSocket.terminate();
  }

  #open(): void {
    const webSocket = this.#webSocket;
    const onDrain = () => this.#drained();
    this.#socket.on('drain', onDrain);
    this.session.open(this);
    const closed = this.#options.server.opened(
      {
        onPing: (payload) => this.#ping(payload),
        protocol: webSocket.protocol,
        send: (text) => this.#send(unmarked(text)),
        close: (code, reason) => this.close(code ?? CloseCode.InternalServerError, reason ?? ''),
        onMessage: (take) => {
          webSocket.on('message', (data) => {
            this.#alive = true;
            // graphql-ws also takes a message that is parsed, and need not parse it again with a reviver, which is slow.
            void this.#take(take as (message: unknown) => Promise<void>, String(data));
          });
        },
      },
      { connection: this },
    );
    webSocket.on('pong', () => {
      this.#alive = true;
    });
    webSocket.on('error', (error) => this.#options.log.debug({ error }, 'A WebSocket failed.'));
    webSocket.once('close', (code, reason) => {
      clearTimeout(this.#graceTimer);
      this.session[Symbol.dispose]();
      this.#socket.off('drain', onDrain);
      this.#outbox.close();
      this.#closed?.abort();
      this.#options.onClose(this);
      void closed(code, String(reason));
    });
  }

  async #take(take: (message: unknown) => Promise<void>, text: string): Promise<void> {
    const message = readMessage(text);
    if (!isClientMessage(message)) {
      return this.close(CloseCode.BadRequest, 'Invalid message received');
    }
    const answer = persistedQueryAnswer(message);
    if (answer !== null) return this.#send(answer);
    try {
      await take(message);
    } catch (error) {
      logUnexpectedError(this.#options.log, { error, where: 'WebSocket message' });
      this.close(CloseCode.InternalServerError, 'Internal error.');
    }
  }

  /** A ping may bring a new credential; any other payload is answered as it came. */
  async #ping(payload: Readonly<Record<string, unknown>> | undefined): Promise<void> {
    const renewed = await this.session.renew(payload);
    const answer = renewed ?? payload;
    this.#send(JSON.stringify({ type: MessageType.Pong, ...(answer && { payload: answer }) }));
  }

  /** Results and errors are never dropped: while too many wait, nothing more is read. */
  #send(text: string): void {
    const bytes = Buffer.from(text).toString('latin1');
    this.#outbox.push(textFrameHead(bytes.length) + bytes);
    if (this.#outbox.queued > this.#options.queueBytes) this.#webSocket.pause();
  }

  #write(bytes: string): boolean {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return true;
    return this.#socket.write(bytes, 'latin1');
  }

  #drained(): void {
    this.#outbox.drained();
    if (this.#webSocket.isPaused && this.#outbox.hasRoom) this.#webSocket.resume();
  }

  #overflowed(): void {
    this.#options.onSlowConsumer();
    if (this.#graceTimer) return;
    const { drains } = this.#outbox;
    this.#graceTimer = setTimeout(() => {
      this.#graceTimer = undefined;
      if (this.#outbox.drains > drains) return;
      this.close(tryAgainLater, 'The client reads too slowly.');
      this.terminate();
    }, this.#options.graceMs).unref();
  }
}
