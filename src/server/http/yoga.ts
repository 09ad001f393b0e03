import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import { stringifyJson } from '../../event/json.ts';
import { type GraphEngine, type OperationRequest, runOperation } from '../../graphql/operation.ts';

export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Serves every form of an operation over HTTP that is not a plain POST: above all GET. */
export function createYogaHandler(engine: GraphEngine, maxBodyBytes: number): NodeHandler {
  return createYoga({
    schema: engine.schema,
    plugins: [useEngine(engine)],
    maskedErrors: { maskError: (error) => inOurWords(engine.publicError(error)) },
    maxRequestBodySize: maxBodyBytes,
    // Ours: the playground, the landing page, CORS, the cache of documents, and the log.
    graphiql: false,
    landingPage: false,
    cors: false,
    multipart: false,
    parserAndValidationCache: false,
    logging: false,
  });
}

/** Operations run as they do for a plain POST, with the same limits and the same errors. */
function useEngine(engine: GraphEngine): Plugin {
  return {
    onParams({ request, setParamsHandler }) {
      const readOnly = request.method === 'GET';
      // Yoga has checked by then that the parameters are what they should be.
      setParamsHandler(async ({ params }) => ({
        ...(await runOperation(engine, params as OperationRequest, { readOnly })),
        stringify: stringifyJson,
      }));
    },
  };
}

/** Yoga's own errors are about requests that are not GraphQL over HTTP at all: never a 200. */
function inOurWords(error: GraphQLError): GraphQLError {
  const { code, http, ...rest } = error.extensions;
  if (code !== 'BAD_REQUEST') return error;
  return new GraphQLError(error.message, {
    extensions: { ...rest, code: 'BAD_USER_INPUT', http: { ...(http as object), spec: false } },
  });
}
