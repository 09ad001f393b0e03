import type { GraphQLError } from 'graphql';
import { isJsonObject, parseJson as readJson } from '../../event/json.ts';
import type { OperationRequest } from '../../graphql/operation.ts';
import {
  isPersistedQueryAlone,
  persistedQueryNotSupported,
} from '../../graphql/persisted-query.ts';
import { requestError } from '../../graphql/request-error.ts';

/** Characters of a name that an error shows. */
const longestShown = 100;
const members = new Set(['query', 'operationName', 'variables', 'extensions']);

/**
 * The operation in the body of a POST, as GraphQL over HTTP has it.
 * @throws GraphQLError that says which member is not what it should be
 */
export function parseOperationRequest(body: string): OperationRequest {
  const parsed = parseJson(body, 'The body');
  if (!isJsonObject(parsed))
    throw badRequest('The body must be a JSON object; batches are rejected.');
  const { query, operationName, variables, extensions } = parsed;
  const stray = Object.keys(parsed).find((name) => !members.has(name));
  if (stray !== undefined) {
    throw badRequest(`The body has an unknown member "${stray.slice(0, longestShown)}".`);
  }
  if (isPersistedQueryAlone(parsed)) throw persistedQueryNotSupported();
  if (typeof query !== 'string') throw badRequest('The body must have a string "query".');
  if (operationName != null && typeof operationName !== 'string') {
    throw badRequest('"operationName" must be a string.');
  }
  checkObject(variables, 'variables');
  checkObject(extensions, 'extensions');
  return { query, operationName, variables };
}

/** The operation in the query of a URL. @throws GraphQLError */
export function parseSearchParameters(parameters: URLSearchParams): OperationRequest {
  const query = parameters.get('query');
  const variables = objectIn(parameters, 'variables');
  const extensions = objectIn(parameters, 'extensions');
  if (isPersistedQueryAlone({ query, extensions })) throw persistedQueryNotSupported();
  if (query === null) throw badRequest('The URL must have a parameter "query".');
  return { query, operationName: parameters.get('operationName'), variables };
}

/** An absent or empty parameter is null. */
function objectIn(parameters: URLSearchParams, name: string): Record<string, unknown> | null {
  const text = parameters.get(name);
  if (!text) return null;
  const parsed = parseJson(text, `"${name}"`);
  checkObject(parsed, name);
  return parsed ?? null;
}

function checkObject(
  value: unknown,
  name: string,
): asserts value is Record<string, unknown> | null | undefined {
  if (value != null && !isJsonObject(value)) throw badRequest(`"${name}" must be an object.`);
}

function parseJson(text: string, subject: string): unknown {
  try {
    return readJson(text);
  } catch (error) {
    throw badRequest(`${subject} is not JSON${positionIn(error as SyntaxError)}.`);
  }
}

/** V8's own words repeat the input. */
function positionIn({ message }: SyntaxError): string {
  const [, position] = /at position (\d+)/.exec(message) ?? [];
  return position === undefined ? '' : `: see position ${position}`;
}

const badRequest = (message: string): GraphQLError =>
  requestError(message, { http: { status: 400 } });
