import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionArgs, type ExecutionResult, GraphQLError } from 'graphql';
import {
  type Context,
  handleProtocols,
  makeServer,
  type Server,
  type SubscribePayload,
} from 'graphql-ws';
import { WebSocketServer } from 'ws';
import type { Access, Session } from '../../access/access.ts';
import { credentialOf } from '../../access/credential.ts';
import { Unauthenticated } from '../../access/principal.ts';
import { markBigint } from '../../event/json.ts';
import {
  type GraphEngine,
  type OperationCaller,
  prepareOperation,
  runOperation,
} from '../../graphql/operation.ts';
import {
  isPlainSubscription,
  RenderedResults,
  runSubscription,
} from '../../graphql/subscription.ts';
import type { Subscribe } from '../../live/subscription.ts';
import { RateLimited, retryAfter, Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Tracing } from '../../telemetry/tracing.ts';
import { type ConnectionStats, Connections } from '../feeds/connections.ts';
import { subscriptionForbidden } from '../feeds/feed-forbidden.ts';
import { FeedOperationReader } from '../feeds/feed-operation.ts';
import { slowConsumerGraceMs } from '../feeds/slow-consumer.ts';
import { challengeOf } from '../http/challenge.ts';
import { clientError, forClients } from '../http/client-error.ts';
import { rejectUpgrade } from '../http/reject-upgrade.ts';
import { goingAway, type SocketExtra, tryAgainLater, WebSocketConnection } from './connection.ts';
import { SocketSession } from './session.ts';

export interface WebSocketOptions {
  readonly engine: GraphEngine;
  readonly access: Access;
  readonly subscribe: Subscribe;
  readonly log: Log;
  /** Null or absent where no traces are exported. */
  readonly tracing?: Tracing | null;
  /** URLs by which clients reach the gateway. */
  readonly publicUrls?: readonly string[];
  readonly maxConnections: number;
  /** Subscriptions, queries and mutations under way at a time over one connection. */
  readonly maxOperations: number;
  readonly maxMessageBytes: number;
  /** Bytes that may wait for a slow reader. */
  readonly queueBytes: number;
  /** Time between two pings. */
  readonly keepAliveMs: number;
  /** How long a reader that is too slow has to read the error; 10,000 by default. */
  readonly graceMs?: number;
}

/** How long a client may take to send connection_init. */
const initTimeoutMs = 10_000;
/** GraphQL over WebSocket: the protocol graphql-transport-ws, as graphql-ws has it. */
export class WebSocketTransport implements AsyncDisposable {
  readonly #options: WebSocketOptions;
  readonly #reader: FeedOperationReader;
  readonly #sockets: WebSocketServer;
  readonly #server: Server<SocketExtra>;
  readonly #connections: Connections<WebSocketConnection>;

  constructor(options: WebSocketOptions) {
    this.#options = options;
    this.#reader = new FeedOperationReader(options.engine);
    this.#connections = new Connections(options.maxConnections, options.keepAliveMs);
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: options.maxMessageBytes,
      handleProtocols: (protocols) => handleProtocols(protocols),
    });
    this.#server = makeServer<Payload, SocketExtra>({
      onConnect: (context) => this.#connect(context),
      connectionInitWaitTimeout: initTimeoutMs,
      jsonMessageReplacer: markBigint,
      onSubscribe: (context, id, payload) => this.#prepare(context, id, payload),
      execute: ({ contextValue }) => (contextValue as Begin).begin(),
      subscribe: ({ contextValue }) => (contextValue as Begin).begin(),
      onError: (_context, _id, _payload, errors) =>
        errors.map((error) => clientError(options.engine.publicError(error)).toJSON()),
    });
  }

  /** Takes over the socket of an upgrade. */
  readonly upgrade = async (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<void> => {
    const credential = credentialOf(request.headers);
    let session: Session | null;
    try {
      session = credential.kind === 'NONE' ? null : await this.#options.access.session(credential);
    } catch (error) {
      return rejectBadCredential(request, socket, error, this.#options.publicUrls);
    }
    this.#open(request, socket, head, session);
  };

  #open(request: IncomingMessage, socket: Duplex, head: Buffer, session: Session | null): void {
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const { access, subscribe, queueBytes, graceMs = slowConsumerGraceMs, log } = this.#options;
      const connections = this.#connections;
      if (connections.isFull) {
        webSocket.close(tryAgainLater, `Too many connections: at most ${connections.max}.`);
        return;
      }
      const connection = new WebSocketConnection(webSocket, socket, {
        server: this.#server,
        session: new SocketSession(access, session),
        subscribe,
        queueBytes,
        graceMs,
        log,
        onSlowConsumer: () => connections.countSlowConsumer(),
        onClose: (closed) => connections.delete(closed),
      });
      connection.traceparent = request.headers.traceparent;
      connections.add(connection);
    });
  }

  stats(): ConnectionStats {
    return this.#connections.stats();
  }

  /** Closes with 1001, so that clients connect to another gateway. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connections.close((connection) =>
      connection.close(goingAway, 'The gateway is stopping.'),
    );
  }

  /** What graphql-ws is to do with an operation; it is begun by our own functions. */
  #prepare(
    { extra, subscriptions }: Context<Payload, SocketExtra>,
    id: string,
    payload: SubscribePayload,
  ): ExecutionArgs | readonly GraphQLError[] {
    const { engine, maxOperations } = this.#options;
    if (Object.keys(subscriptions).length > maxOperations) return [tooMany(maxOperations)];
    const prepared = prepareOperation(engine, payload);
    if (prepared.errors) return prepared.errors;
    const { document, operation: asked } = prepared;
    const args = (begin: Begin['begin']): ExecutionArgs => ({
      schema: engine.schema,
      document,
      operationName: asked.name?.value,
      contextValue: { begin: this.#traced(asked.operation, extra, payload, begin) },
    });
    const session = extra.connection.session.current;
    if (asked.operation !== 'subscription') {
      const caller = { session, signal: extra.connection.closedSignal };
      return args(() => this.#run(payload, caller));
    }
    if (isPlainSubscription(engine, payload)) {
      return args(() => this.#follow(payload, session, extra.connection.session));
    }
    const { operation, errors } = this.#reader.read(payload, null, session);
    return errors ?? args(() => extra.connection.follow(id, operation, session.scope));
  }

  /** Begun on behalf of the sender of a traceparent: of the message, or else of the connection. */
  #traced(
    type: string,
    { connection }: SocketExtra,
    { extensions }: SubscribePayload,
    begin: Begin['begin'],
  ): Begin['begin'] {
    const { tracing = null } = this.#options;
    if (tracing === null) return begin;
    const traceparent = extensions?.traceparent ?? connection.traceparent;
    return () =>
      tracing.from(traceparent, () => {
        // The span of a subscription is its feed's.
        if (type === 'subscription') return begin();
        return tracing.span(
          `websocket ${type}`,
          { kind: 'SERVER' },
          async () => await begin(),
        ) as Promise<Following>;
      });
  }

  /** False closes the socket with 4403. */
  async #connect({ connectionParams, extra }: Context<Payload, SocketExtra>) {
    const { connection } = extra;
    connection.traceparent = connectionParams?.traceparent ?? connection.traceparent;
    try {
      return await connection.session.connect(connectionParams);
    } catch (error) {
      if (error instanceof RateLimited) connection.close(tryAgainLater, error.message);
      else if (error instanceof Unavailable) connection.close(tryAgainLater, 'Unavailable');
      else if (!(error instanceof Unauthenticated)) throw error;
      return false;
    }
  }

  async #follow(
    payload: SubscribePayload,
    session: Session,
    socket: SocketSession,
  ): Promise<Following> {
    const { engine } = this.#options;
    const results = await runSubscription(engine, payload, { session }, forClients);
    if (!(results instanceof RenderedResults)) return { errors: results.map(clientError) };
    socket.follow(
      {
        onEnd: (ended) => results.onEnd(ended),
        forbid: (change) => results.fail(subscriptionForbidden(change)),
      },
      { scope: session.scope, rights: 'key' },
    );
    return results;
  }

  async #run(payload: SubscribePayload, caller: OperationCaller): Promise<ExecutionResult> {
    const { engine } = this.#options;
    return forClients(await runOperation(engine, payload, caller));
  }
}

type Following = ExecutionResult | AsyncIterableIterator<ExecutionResult, undefined>;

type Payload = Record<string, unknown> | undefined;

function rejectBadCredential(
  request: IncomingMessage,
  socket: Duplex,
  error: unknown,
  publicUrls?: readonly string[],
): void {
  if (error instanceof Unauthenticated) {
    const challenge = challengeOf(error, request, publicUrls);
    rejectUpgrade(socket, 401, error.message, { 'WWW-Authenticate': challenge });
  } else if (error instanceof Unavailable) {
    rejectUpgrade(socket, error.status, error.message, retryAfter(error));
  } else throw error;
}

/** How an operation is begun, carried through graphql-ws. */
interface Begin {
  readonly begin: () => Promise<Following> | AsyncIterableIterator<never, undefined>;
}

const tooMany = (most: number): GraphQLError =>
  new GraphQLError(`A connection has at most ${most} operations under way at a time.`, {
    extensions: { code: 'TOO_MANY' },
  });
