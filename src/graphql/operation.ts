import {
  type ExecutionResult,
  type GraphQLError,
  type GraphQLSchema,
  getOperationAST,
} from 'graphql';
import { quoted } from '../event/input-error.ts';
import type { GraphContext } from './context.ts';
import type { PrepareDocument } from './document.ts';
import type { ExecuteCoerced } from './execution.ts';
import type { PublicError } from './public-error.ts';
import { requestError, type Variables } from './request-error.ts';
import type { CoerceOperation } from './variables.ts';

/** What a client sends: a document, which of its operations, and the values of its variables. */
export interface OperationRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Variables | null | undefined;
}

/** What it takes to answer operations. */
export interface GraphEngine {
  readonly schema: GraphQLSchema;
  readonly prepare: PrepareDocument;
  readonly coerced: CoerceOperation;
  readonly execute: ExecuteCoerced;
  readonly publicError: PublicError;
  /** The context of an operation that begins now. */
  readonly context: () => GraphContext;
}

/**
 * Answers a query or a mutation; never rejects. Without `data` in the result nothing was executed, and its
 * errors carry `extensions.http`, which is for the server and not for the client.
 */
export function runOperation(
  engine: GraphEngine,
  request: OperationRequest,
  { readOnly }: { readOnly: boolean },
): Promise<ExecutionResult> {
  // Not awaited, here and below: the values of the variables, which are copied, would be held until the answer.
  return execution(engine, request, readOnly).then((result) =>
    result.errors && 'data' in result
      ? { ...result, errors: result.errors.map(engine.publicError) }
      : result,
  );
}

async function execution(
  engine: GraphEngine,
  { query, operationName, variables }: OperationRequest,
  readOnly: boolean,
): Promise<ExecutionResult> {
  const prepared = engine.prepare(query);
  if (prepared.errors) return { errors: prepared.errors };
  const { document } = prepared;
  const operation = getOperationAST(document, operationName);
  if (!operation) return { errors: [noOperation(operationName)] };
  if (operation.operation === 'subscription') return { errors: [subscriptionElsewhere()] };
  if (operation.operation === 'mutation' && readOnly) return { errors: [mutationByGet()] };

  const values = variables ?? {};
  const { document: ofCoerced, coerce, errors } = engine.coerced(document, operation);
  const variableValues = coerce(values);
  if (variableValues === null) return { errors: errors(values) };
  const contextValue = engine.context();
  return engine.execute({ document: ofCoerced, operation, variableValues, contextValue });
}

const noOperation = (name: string | null | undefined): GraphQLError =>
  requestError(
    name
      ? `The document has no operation named ${quoted(name)}.`
      : 'The document has several operations, or none: operationName must name one.',
  );

const subscriptionElsewhere = (): GraphQLError =>
  requestError(
    'Subscriptions are served over WebSocket (graphql-transport-ws) and as text/event-stream.',
    { http: { status: 406 } },
  );

const mutationByGet = (): GraphQLError =>
  requestError('Mutations are taken by POST only.', {
    http: { status: 405, headers: { Allow: 'POST' } },
  });
