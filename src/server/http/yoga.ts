import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ExecutionResult, GraphQLError } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { Session } from '../../access/access.ts';
import { stringifyJson } from '../../event/json.ts';
import { type GraphEngine, type OperationRequest, runOperation } from '../../graphql/operation.ts';
import { forClients } from './client-error.ts';

export type YogaHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  asked: ServerContext,
) => Promise<void>;

interface ServerContext {
  readonly operation: OperationRequest;
  readonly session: Session;
}

/** Answers every form of an operation over HTTP that is not a plain POST: above all GET. */
export function createYogaHandler(engine: GraphEngine): YogaHandler {
  const yoga = createYoga<ServerContext>({
    schema: engine.schema,
    plugins: [useEngine(engine)],
    maskedErrors: { maskError: (error) => ownCode(engine.publicError(error)) },
    // Tidings has its own playground, landing page, CORS, cache of documents, and log.
    graphiql: false,
    landingPage: false,
    cors: false,
    multipart: false,
    parserAndValidationCache: false,
    logging: false,
  });
  return async (request, response, asked) => {
    await yoga(request, response, asked);
  };
}

/** Operations are read and run as they are for a plain POST, with the same limits and the same errors. */
function useEngine(engine: GraphEngine): Plugin<object, ServerContext> {
  return {
    onRequestParse({ serverContext, setRequestParser }) {
      setRequestParser(() => serverContext.operation as object);
    },
    onParams({ request, context, setParamsHandler }) {
      const caller = { session: context.session, signal: request.signal };
      const options = { readOnly: request.method === 'GET' };
      setParamsHandler(async () => ({
        ...(await runOperation(engine, context.operation, caller, options)),
        stringify: (result: ExecutionResult) => stringifyJson(forClients(result)),
      }));
    },
  };
}

/** Yoga's own errors are about requests that are not GraphQL over HTTP at all: never a 200. */
function ownCode(error: GraphQLError): GraphQLError {
  const { code, http, ...rest } = error.extensions;
  if (code !== 'BAD_REQUEST') return error;
  return new GraphQLError(error.message, {
    extensions: { ...rest, code: 'BAD_USER_INPUT', http: { ...(http as object), spec: false } },
  });
}
