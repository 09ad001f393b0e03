import { type ExecutionResult, GraphQLError } from 'graphql';

/** An error without what it says to the server: how it would be answered over HTTP. */
export function clientError(error: GraphQLError): GraphQLError {
  const { http, ...extensions } = error.extensions;
  if (http === undefined) return error;
  const { message, nodes, source, positions, path } = error;
  return new GraphQLError(message, {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    extensions,
  });
}

/** A result as its client gets it. */
export const forClients = (result: ExecutionResult): ExecutionResult =>
  result.errors ? { ...result, errors: result.errors.map(clientError) } : result;
