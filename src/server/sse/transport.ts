import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult, GraphQLError } from 'graphql';
import type { Access, Session, SessionChange } from '../../access/access.ts';
import type { WatchedRights } from '../../access/session-watch.ts';
import { stringifyJson } from '../../event/json.ts';
import {
  type GraphEngine,
  type OperationRequest,
  prepareOperation,
  runOperation,
} from '../../graphql/operation.ts';
import { requestError } from '../../graphql/request-error.ts';
import {
  isPlainSubscription,
  RenderedResults,
  runSubscription,
} from '../../graphql/subscription.ts';
import { replyJson } from '../../http/reply.ts';
import { parseStreamEventId, type StreamEventId } from '../../live/stream-event-id.ts';
import type { Subscribe } from '../../live/subscription.ts';
import { type ConnectionStats, Connections } from '../feeds/connections.ts';
import { feedForbidden, subscriptionForbidden } from '../feeds/feed-forbidden.ts';
import { FeedOperationReader } from '../feeds/feed-operation.ts';
import { slowConsumerGraceMs } from '../feeds/slow-consumer.ts';
import { forClients } from '../http/client-error.ts';
import { HttpCaller } from '../http/http-caller.ts';
import { SseOperation } from './operation.ts';

export interface SseTransportOptions {
  readonly engine: GraphEngine;
  readonly access: Access;
  readonly subscribe: Subscribe;
  readonly maxConnections: number;
  /** Bytes that may wait for a slow reader. */
  readonly queueBytes: number;
  /** Time between two comments, which keep the stream open. */
  readonly keepAliveMs: number;
  /** How long a reader has to read the end of its stream; 10,000 by default. */
  readonly graceMs?: number;
}

/** GraphQL over server-sent events: graphql-sse's distinct connections mode. */
export class SseTransport implements AsyncDisposable {
  readonly #options: SseTransportOptions;
  readonly #reader: FeedOperationReader;
  readonly #connections: Connections<SseOperation>;

  constructor(options: SseTransportOptions) {
    this.#options = options;
    this.#reader = new FeedOperationReader(options.engine);
    this.#connections = new Connections(options.maxConnections, options.keepAliveMs);
  }

  /** Answers an operation as a stream, until it ends or the client disconnects. @throws RateLimited; GraphQLError */
  readonly serve = async (
    request: IncomingMessage,
    response: ServerResponse,
    operation: OperationRequest,
    session: Session,
  ): Promise<void> => {
    const { engine, queueBytes, graceMs = slowConsumerGraceMs, subscribe } = this.#options;
    const connections = this.#connections;
    if (connections.isFull) {
      const error = `Too many connections: at most ${connections.max}.`;
      return replyJson(response, 503, { error }, { 'Retry-After': '5' });
    }
    countedUntilClosed(response, session.quota?.openConnection());
    const open = () => {
      const stream = new SseOperation(response, {
        queueBytes,
        graceMs,
        errorText: (error) => errorText([engine.publicError(error)]),
        onSlowConsumer: () => connections.countSlowConsumer(),
        onClose: (closed) => connections.delete(closed),
      });
      connections.add(stream);
      return stream;
    };
    if (prepareOperation(engine, operation).operation?.operation !== 'subscription') {
      const stream = open();
      const readOnly = request.method === 'GET';
      const caller = new HttpCaller(session, response);
      const result = await runOperation(engine, operation, caller, { readOnly });
      return stream.answer(textOf(result));
    }
    if (isPlainSubscription(engine, operation)) {
      const results = await runSubscription(engine, operation, { session }, textOf);
      if (!(results instanceof RenderedResults)) {
        throwWhereLimited(results);
        return open().answer(errorText(results));
      }
      const stream = open();
      const forbid = (change: SessionChange) => stream.forbid(subscriptionForbidden(change));
      const following = stream.follow(results);
      this.#watch(session, response, { forbid, rights: 'key' });
      return await following;
    }
    const lastEventId = lastEventIdOf(request);
    if (lastEventId === undefined) return open().answer(errorText([badLastEventId()]));
    const read = this.#reader.read(operation, lastEventId, session);
    if (read.errors) {
      throwWhereLimited(read.errors);
      return open().answer(errorText(read.errors));
    }
    countedUntilClosed(response, session.quota?.openFeed());
    const stream = open();
    stream.start(read.operation, subscribe);
    const forbid = (change: SessionChange) =>
      stream.forbid(feedForbidden(change, stream.lastIndex));
    this.#watch(session, response, { forbid, rights: 'readKey' });
  };

  /** Ends the stream when the caller may not follow it any more. */
  #watch(
    session: Session,
    response: ServerResponse,
    { forbid, rights }: { forbid(change: SessionChange): void; readonly rights: WatchedRights },
  ): void {
    const { access } = this.#options;
    if (!access.isOn) return;
    const watch = access.watch(session, forbid, rights);
    response.once('close', () => watch[Symbol.dispose]());
  }

  stats(): ConnectionStats {
    return this.#connections.stats();
  }

  /** Ends all streams without completing them, so that their clients connect to another gateway. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connections.close((stream) => stream.end(null));
  }
}

/** A place among the connections or the feeds of the caller is taken until the response is closed. */
function countedUntilClosed(response: ServerResponse, slot: Disposable | undefined): void {
  if (slot !== undefined) response.once('close', () => slot[Symbol.dispose]());
}

/** Answered with 429, which a stream that has begun could not say. @throws GraphQLError */
function throwWhereLimited(errors: readonly GraphQLError[]): void {
  const limited = errors.find(({ extensions }) => extensions.code === 'RATE_LIMITED');
  if (limited !== undefined) throw limited;
}

const textOf = (result: ExecutionResult): string => stringifyJson(forClients(result));

const errorText = (errors: readonly GraphQLError[]): string => textOf({ errors });

const badLastEventId = (): GraphQLError =>
  requestError('Last-Event-ID must be the id of an event of this stream, or an index.', {
    argument: ['afterIndex'],
  });

/** Of a reconnecting client; null without one, undefined where it is not an id of ours. */
function lastEventIdOf({ headers }: IncomingMessage): StreamEventId | null | undefined {
  const id = headers['last-event-id'];
  if (id === undefined || id === '') return null;
  return parseStreamEventId(String(id)) ?? undefined;
}
