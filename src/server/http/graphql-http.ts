import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ExecutionResult, type GraphQLError, getOperationAST } from 'graphql';
import { type GraphEngine, type OperationRequest, runOperation } from '../../graphql/operation.ts';
import { requestError } from '../../graphql/request-error.ts';
import { BodyTooLarge, readBody } from '../../http/body.ts';
import { reply } from '../../http/reply.ts';
import { type Accepted, accepted, isPlainPost } from './accept.ts';
import { parseOperationRequest, parseSearchParameters } from './operation-request.ts';
import { answerOf, type ResultType } from './result.ts';
import { createYogaHandler } from './yoga.ts';

/** Answers an operation as a stream of server-sent events, until it ends or the client goes. */
type EventStream = (
  request: IncomingMessage,
  response: ServerResponse,
  operation: OperationRequest,
) => Promise<void>;

export interface GraphqlHttpOptions {
  readonly engine: GraphEngine;
  readonly maxBodyBytes: number;
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
 * GraphQL over HTTP. A plain POST is read, run and answered here, which spares it most of what a request
 * costs; GET and everything unusual goes through Yoga. Both run operations with one function.
 */
export function createGraphqlHandler(options: GraphqlHttpOptions): GraphqlHandler {
  const { engine, maxBodyBytes, eventStream, playground } = options;
  const yoga = createYogaHandler(engine, maxBodyBytes);

  async function post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const accepts = accepted(request);
    try {
      // Without names for the text and the operation: they would be held until the answer.
      await answer(
        request,
        response,
        accepts,
        parseOperationRequest(await readBody(request, maxBodyBytes)),
      );
    } catch (error) {
      send(response, { errors: [requestFault(error)] }, accepts.result ?? 'application/json');
    }
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    { result, eventStream: streams }: Accepted,
    operation: OperationRequest,
  ): Promise<void> {
    if (streams && (result === null || isSubscription(operation))) {
      return eventStream(request, response, operation);
    }
    if (result === null) throw notAcceptable();
    return runOperation(engine, operation, { readOnly: false }).then((answered) =>
      send(response, answered, result),
    );
  }

  function isSubscription({ query, operationName }: OperationRequest): boolean {
    const { document } = engine.prepare(query);
    return (
      document !== undefined &&
      getOperationAST(document, operationName)?.operation === 'subscription'
    );
  }

  function requestFault(error: unknown): GraphQLError {
    return error instanceof BodyTooLarge
      ? requestError(error.message, { http: { status: 413, headers: { Connection: 'close' } } })
      : engine.publicError(error);
  }

  async function get(
    request: IncomingMessage,
    response: ServerResponse,
    { searchParams }: URL,
  ): Promise<void> {
    const { html, eventStream: streams } = accepted(request);
    if (html) return await playground(request, response);
    if (!streams) return void (await yoga(request, response));
    try {
      await eventStream(request, response, parseSearchParameters(searchParams));
    } catch (error) {
      send(response, { errors: [requestFault(error)] }, 'application/json');
    }
  }

  return async (request, response, url) => {
    if (isPlainPost(request)) await post(request, response);
    else if (request.method === 'GET') await get(request, response, url);
    else if (request.method === 'POST' && !isJson(request)) {
      send(response, { errors: [unsupportedType()] }, 'application/json');
    } else await yoga(request, response);
  };
}

function send(response: ServerResponse, result: ExecutionResult, type: ResultType): void {
  const { status, headers, body } = answerOf(result, type);
  reply(response, status, body, headers);
}

const isJson = ({ headers }: IncomingMessage): boolean =>
  /^application\/json\b/i.test(headers['content-type'] ?? '');

/** A form or a text could come from any page of any site without the browser asking first. */
const unsupportedType = (): GraphQLError =>
  requestError('Operations are taken as application/json.', {
    http: { status: 415, headers: { Accept: 'application/json' } },
  });

const notAcceptable = (): GraphQLError =>
  requestError('Results are application/json or application/graphql-response+json.', {
    http: { status: 406 },
  });
