import { randomUUID } from 'node:crypto';
import { type ExecutionResult, execute, GraphQLError, type GraphQLFormattedError } from 'graphql';
import { Forbidden } from '../../access/principal.ts';
import { isJsonObject } from '../../event/json.ts';
import { isNestedDeeper, maxDocumentDepth } from '../../event/json-depth.ts';
import { isAnswerTooLarge } from '../../graphql/answer-size.ts';
import { createPrepareDocument } from '../../graphql/document.ts';
import {
  isPersistedQueryAlone,
  persistedQueryNotSupported,
} from '../../graphql/persisted-query.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import { logUnexpectedError } from '../../telemetry/unexpected-error.ts';
import type { DialectContext } from '../dialect.ts';
import type { CurrentAlarmSettings } from './alarms/alarm-settings.ts';
import { QueryError } from './query-error.ts';
import { createResolvers, type Resolvers } from './resolvers.ts';
import { schema } from './schema.ts';

/** A user interface asks for the services of every layer in one document. */
const limits = { maxDepth: 12, maxAliases: 100, maxTokens: 2_000 };
/** Characters of a request: documents have 20,000 at most, and conditions are short. */
const maxLength = 128 * 1024;
const maxErrors = 20;
const maxAnswerBytes = 16 * 2 ** 20;
const tooLarge = `The answer is larger than ${maxAnswerBytes} bytes: ask for a smaller page.`;
/** Characters of one error's message: graphql-js repeats values in it. */
const maxMessage = 300;

/** A status and a GraphQL response, as SkyWalking's server gives them. */
export interface QueryAnswer {
  readonly status: 200 | 400;
  readonly body: {
    readonly data?: ExecutionResult['data'] | null;
    readonly errors?: readonly GraphQLFormattedError[];
  };
}

interface QueryRequest {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>> | null;
  readonly operationName: string | null;
}

/**
 * Answers the body of a POST to SkyWalking's GraphQL address: 400 to a bad request or document, and 200 with
 * errors to what fails later, bad variables too.
 */
export function createQueryEndpoint(
  log: Log,
  settings: Pick<CurrentAlarmSettings, 'rules'>,
): (body: string, context: DialectContext) => Promise<QueryAnswer> {
  const prepare = createPrepareDocument(schema, limits);
  /** Callers with equal rights have one context, and so share one directory of services. */
  const resolvers = new WeakMap<DialectContext, Resolvers>();
  const resolversOf = (context: DialectContext): Resolvers => {
    const known = resolvers.get(context) ?? createResolvers(context, settings);
    resolvers.set(context, known);
    return known;
  };

  return async (body, context) => {
    const request = requestOf(body);
    if ('fault' in request) return { status: 400, body: { errors: [request.fault] } };
    const { document, errors: faults } = prepare(request.query);
    if (faults) return { status: 400, body: { errors: bounded(faults.map(plain)) } };
    const result = await execute({
      schema,
      document,
      rootValue: resolversOf(context),
      variableValues: request.variables,
      operationName: request.operationName,
      // Each costs as much as its variable is long.
      options: { maxCoercionErrors: 5 },
    });
    const { data, errors } = isAnswerTooLarge(result.data, maxAnswerBytes)
      ? { data: null, errors: [new GraphQLError(tooLarge)] }
      : result;
    return {
      status: 200,
      body: {
        ...(data === undefined ? {} : { data }),
        ...(errors ? { errors: bounded(errors.map((error) => formatted(error, log))) } : {}),
      },
    };
  };
}

function bounded(errors: readonly GraphQLFormattedError[]): readonly GraphQLFormattedError[] {
  return errors.slice(0, maxErrors).map((error) => {
    const { message } = error;
    return message.length > maxMessage
      ? { ...error, message: `${message.slice(0, maxMessage - 1)}…` }
      : error;
  });
}

function requestOf(body: string): QueryRequest | { readonly fault: GraphQLFormattedError } {
  if (body.length > maxLength) {
    return {
      fault: {
        message: `The body has ${body.length} characters: at most ${maxLength} are allowed.`,
      },
    };
  }
  if (isNestedDeeper(body)) {
    return {
      fault: { message: `The body is nested more than ${maxDocumentDepth} levels deep.` },
    };
  }
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { fault: { message: 'The body must be JSON.' } };
  }
  if (isJsonObject(json) && isPersistedQueryAlone(json)) {
    const { message, extensions } = persistedQueryNotSupported();
    return { fault: { message, extensions: { code: extensions.code } } };
  }
  if (!isJsonObject(json) || typeof json.query !== 'string') {
    return { fault: { message: 'The body must be an object with a query.' } };
  }
  return {
    query: json.query,
    variables: isJsonObject(json.variables) ? json.variables : null,
    operationName: typeof json.operationName === 'string' ? json.operationName || null : null,
  };
}

/** Without the extensions, which SkyWalking's server does not have. */
function plain(error: GraphQLError): GraphQLFormattedError {
  const { message, locations } = error.toJSON();
  return { message, ...(locations ? { locations } : {}) };
}

/** Errors of resolvers in the words of SkyWalking's server, which name the response key that the client chose. */
function formatted(error: GraphQLError, log: Log): GraphQLFormattedError {
  const { path, locations, originalError } = error;
  if (path === undefined || originalError === undefined) return error.toJSON();
  const message = `Exception while fetching data (/${path.join('/')}) : ${saying(originalError, log)}`;
  return { message, path, ...(locations ? { locations } : {}) };
}

const isForClient = (error: Error): boolean =>
  error instanceof QueryError || error instanceof Unavailable || error instanceof Forbidden;

function saying(error: Error, log: Log): string {
  if (isForClient(error)) return error.message;
  const errorId = randomUUID();
  logUnexpectedError(log, { error, errorId, where: "SkyWalking's query protocol" });
  return `Internal error ${errorId}.`;
}
