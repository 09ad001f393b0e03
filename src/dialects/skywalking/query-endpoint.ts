import { randomUUID } from 'node:crypto';
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLFormattedError,
  parse,
  specifiedRules,
  type ValidationRule,
  validate,
} from 'graphql';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import type { DialectContext } from '../dialect.ts';
import { QueryError } from './query-error.ts';
import { createResolvers } from './resolvers.ts';
import { schema } from './schema.ts';

const maxTokens = 2_000;
/** A user interface asks for the services of every layer in one document. */
const maxAliases = 100;

/** Only by aliases can a document ask for the same costly field again and again. */
const aliasRule: ValidationRule = (context) => {
  let aliases = 0;
  return {
    Field: ({ alias }) => {
      if (alias === undefined || ++aliases !== maxAliases + 1) return;
      context.reportError(new GraphQLError(`At most ${maxAliases} aliases are allowed.`));
    },
  };
};

const rules = [...specifiedRules, aliasRule];

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
 * Answers the text of a POST to SkyWalking's GraphQL address. What is no request, or no document of the
 * schema, is answered 400; what fails later, bad variables too, 200 with errors.
 */
export function createQueryEndpoint(
  context: DialectContext,
): (body: string) => Promise<QueryAnswer> {
  const rootValue = createResolvers(context);

  return async (body) => {
    let document: DocumentNode;
    let request: QueryRequest;
    try {
      request = requestOf(body);
      document = documentOf(request.query);
    } catch (error) {
      if (error instanceof Refused) return { status: 400, body: { errors: error.errors } };
      throw error;
    }
    const { data, errors } = await execute({
      schema,
      document,
      rootValue,
      variableValues: request.variables,
      operationName: request.operationName,
    });
    return {
      status: 200,
      body: {
        ...(data === undefined ? {} : { data }),
        ...(errors ? { errors: errors.map((error) => formatted(error, context.log)) } : {}),
      },
    };
  };
}

/** A request that is not executed. */
class Refused extends Error {
  override readonly name = 'Refused';
  readonly errors: readonly GraphQLFormattedError[];

  constructor(errors: readonly GraphQLFormattedError[], options?: ErrorOptions) {
    super('The request is refused.', options);
    this.errors = errors;
  }
}

function requestOf(body: string): QueryRequest {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (cause) {
    throw new Refused([{ message: 'The body must be JSON.' }], { cause });
  }
  if (!isObject(json) || typeof json.query !== 'string') {
    throw new Refused([{ message: 'The body must be an object with a query.' }]);
  }
  return {
    query: json.query,
    variables: isObject(json.variables) ? json.variables : null,
    operationName: typeof json.operationName === 'string' ? json.operationName : null,
  };
}

function documentOf(query: string): DocumentNode {
  let document: DocumentNode;
  try {
    document = parse(query, { maxTokens });
  } catch (error) {
    if (error instanceof GraphQLError) throw new Refused([error.toJSON()], { cause: error });
    throw error;
  }
  const errors = validate(schema, document, rules);
  if (errors.length > 0) throw new Refused(errors.map((error) => error.toJSON()));
  return document;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Errors of resolvers in the words of SkyWalking's server, which name the response key that the client chose. */
function formatted(error: GraphQLError, log: Log): GraphQLFormattedError {
  const { path, locations, originalError } = error;
  if (path === undefined || originalError === undefined) return error.toJSON();
  const message = `Exception while fetching data (/${path.join('/')}) : ${saying(originalError, log)}`;
  return { message, path, ...(locations ? { locations } : {}) };
}

function saying(error: Error, log: Log): string {
  if (error instanceof QueryError || error instanceof Unavailable) return error.message;
  const errorId = randomUUID();
  log.error({ error, errorId }, 'A SkyWalking query failed in a way that nobody expected.');
  return `Internal error ${errorId}.`;
}
