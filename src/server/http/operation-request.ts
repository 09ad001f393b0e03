import type { GraphQLError } from 'graphql';
import { parseJson as readJson } from '../../event/json.ts';
import type { OperationRequest } from '../../graphql/operation.ts';
import { requestError } from '../../graphql/request-error.ts';

const members = new Set(['query', 'operationName', 'variables', 'extensions']);

/**
 * The operation in the body of a POST, as GraphQL over HTTP has it.
 * @throws GraphQLError that says which member is not what it should be
 */
export function parseOperationRequest(body: string): OperationRequest {
  const parsed = parseJson(body, 'The body');
  if (!isObject(parsed)) throw badBody('The body must be a JSON object; batches are not taken.');
  const { query, operationName, variables, extensions } = parsed;
  const stray = Object.keys(parsed).find((name) => !members.has(name));
  if (stray !== undefined) throw badBody(`The body has an unknown member "${stray}".`);
  if (typeof query !== 'string') throw badBody('The body must have a text "query".');
  if (operationName != null && typeof operationName !== 'string') {
    throw badBody('"operationName" must be a text.');
  }
  if (variables != null && !isObject(variables)) throw badBody('"variables" must be an object.');
  if (extensions != null && !isObject(extensions)) throw badBody('"extensions" must be an object.');
  return { query, operationName, variables };
}

/** The operation in the query of a URL. @throws GraphQLError */
export function parseSearchParameters(parameters: URLSearchParams): OperationRequest {
  const variables = parameters.get('variables');
  return {
    query: parameters.get('query') ?? '',
    operationName: parameters.get('operationName'),
    variables: variables ? objectIn(variables) : null,
  };
}

function objectIn(variables: string): Record<string, unknown> {
  const parsed = parseJson(variables, '"variables"');
  if (isObject(parsed)) return parsed;
  throw badBody('"variables" must be an object.');
}

function parseJson(text: string, what: string): unknown {
  try {
    return readJson(text);
  } catch (error) {
    throw badBody(`${what} is not JSON: ${(error as SyntaxError).message}.`);
  }
}

const badBody = (message: string): GraphQLError => requestError(message, { http: { status: 400 } });

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
