import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ExecutionResult, GraphQLError } from 'graphql';
import type { Access, Session } from '../../access/access.ts';
import { credentialOf } from '../../access/credential.ts';
import { Unauthenticated } from '../../access/principal.ts';
import {
  type GraphEngine,
  type OperationRequest,
  prepareOperation,
  runOperation,
} from '../../graphql/operation.ts';
import { requestError } from '../../graphql/request-error.ts';
import { BodyAborted, BodyError, readBody } from '../../http/body.ts';
import { reply } from '../../http/reply.ts';
import { retryAfter, Unavailable } from '../../runtime/unavailable.ts';
import { type Accepted, accepted, isPlainJson } from './accept.ts';
import { challengeOf } from './challenge.ts';
import { HttpCaller } from './http-caller.ts';
import { parseOperationRequest, parseSearchParameters } from './operation-request.ts';
import { answerOf, type ResultType } from './result.ts';
import { createYogaHandler } from './yoga.ts';

/** Answers an operation as a stream of server-sent events, until it ends or the client goes. */
type EventStream = (
  request: IncomingMessage,
  response: ServerResponse,
  operation: OperationRequest,
  session: Session,
) => Promise<void>;

export interface GraphqlHttpOptions {
  readonly engine: GraphEngine;
  readonly access: Access;
  readonly maxBodyBytes: number;
  readonly publicUrls?: readonly string[];
  readonly eventStream: EventStream;
  /** The page for people who open the endpoint in a browser. */
  readonly playground: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

export type GraphqlHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
) => Promise<void>;

/**
 * GraphQL over HTTP. Every operation is read and run by the same functions. A plain POST is answered here as well, which
 * spares it most of what a request costs; GET and unusual content types are answered through Yoga.
 */
export function createGraphqlHandler(options: GraphqlHttpOptions): GraphqlHandler {
  const { engine, access, maxBodyBytes, publicUrls, eventStream, playground } = options;
  const yoga = createYogaHandler(engine);

  async function post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const accepts = accepted(request);
    try {
      const session = await access.session(credentialOf(request.headers));
      // Without names for the body and the operation: they would be held until the answer.
      await answer(
        { request, response, session },
        accepts,
        parseOperationRequest(await readBody(request, maxBodyBytes)),
      );
    } catch (error) {
      fail(response, error, accepts.result);
    }
  }

  async function answer(
    { request, response, session }: Asked,
    { result, eventStream: streams }: Accepted,
    operation: OperationRequest,
  ): Promise<void> {
    if (streams && (result === null || isSubscription(operation))) {
      return eventStream(request, response, operation, session);
    }
    if (!isPlainJson(request)) return yoga(request, response, { operation, session });
    if (result === null) throw notAcceptable();
    return runOperation(engine, operation, new HttpCaller(session, response)).then((answered) =>
      send(response, answered, result),
    );
  }

  const isSubscription = (operation: OperationRequest): boolean =>
    prepareOperation(engine, operation).operation?.operation === 'subscription';

  async function get(
    request: IncomingMessage,
    response: ServerResponse,
    { searchParams }: URL,
  ): Promise<void> {
    const { html, eventStream: streams, result } = accepted(request);
    if (html) return await playground(request, response);
    try {
      const session = await sessionOf(request, searchParams.get('ticket'), streams);
      const operation = parseSearchParameters(searchParams);
      if (streams) return await eventStream(request, response, operation, session);
      if (result === null) throw notAcceptable();
      await yoga(request, response, { operation, session });
    } catch (error) {
      fail(response, error, result);
    }
  }

  async function sessionOf(
    request: IncomingMessage,
    ticket: string | null,
    streams: boolean,
  ): Promise<Session> {
    if (ticket === null || !access.isOn) return access.session(credentialOf(request.headers));
    if (streams) return await access.useTicket(ticket);
    throw new Unauthenticated('a ticket opens a stream alone');
  }

  function answerableError(error: unknown, request: IncomingMessage): GraphQLError {
    if (error instanceof BodyError) return bodyError(error);
    if (error instanceof Unauthenticated) {
      return unauthenticated(error, challengeOf(error, request, publicUrls));
    }
    const isOutage = error instanceof Unavailable && error.status === 503;
    return isOutage ? unavailable(error) : engine.publicError(error);
  }

  function fail(response: ServerResponse, error: unknown, type: ResultType | null): void {
    if (error instanceof BodyAborted || response.headersSent) return void response.destroy();
    send(response, { errors: [answerableError(error, response.req)] }, type ?? 'application/json');
  }

  return async (request, response, url) => {
    if (request.method === 'GET') return await get(request, response, url);
    if (request.method === 'POST' && isJson(request)) return await post(request, response);
    const error = request.method === 'POST' ? unsupportedType() : unsupportedMethod();
    fail(response, error, accepted(request).result);
  };
}

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly session: Session;
}

function send(response: ServerResponse, result: ExecutionResult, type: ResultType): void {
  const { status, headers, body } = answerOf(result, type);
  reply(response, status, body, headers);
}

const isJson = ({ headers }: IncomingMessage): boolean =>
  /^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '');

/** The rest of a body that was not read to its end may still be on its way. */
const bodyError = ({ message, status }: BodyError): GraphQLError =>
  requestError(message, { http: { status, headers: { Connection: 'close' } } });

/** A bad credential is never taken for none. */
const unauthenticated = (error: Unauthenticated, challenge: string): GraphQLError =>
  new GraphQLError(error.message, {
    extensions: {
      code: 'UNAUTHENTICATED',
      http: { status: 401, headers: { 'WWW-Authenticate': challenge } },
    },
  });

const unavailable = (error: Unavailable): GraphQLError =>
  new GraphQLError(error.message, {
    extensions: { code: 'UNAVAILABLE', http: { status: 503, headers: retryAfter(error) } },
  });

/** A page of any site could send a form or plain text without the browser asking first. */
const unsupportedType = (): GraphQLError =>
  requestError('Operations must be sent as application/json.', {
    http: { status: 415, headers: { Accept: 'application/json' } },
  });

const unsupportedMethod = (): GraphQLError =>
  requestError(
    'Operations are sent by POST, or as queries by GET; graphql-sse needs singleConnection: false.',
    {
      http: { status: 405, headers: { Allow: 'GET, POST' } },
    },
  );

const notAcceptable = (): GraphQLError =>
  requestError('Results are application/json or application/graphql-response+json.', {
    http: { status: 406 },
  });
