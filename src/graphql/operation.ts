import {
  type DocumentNode,
  type ExecutionResult,
  type GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
} from 'graphql';
import type { Session } from '../access/access.ts';
import { quoted } from '../event/input-error.ts';
import { CostLimit } from '../runtime/unavailable.ts';
import { admit } from './admission.ts';
import { isAnswerTooLarge } from './answer-size.ts';
import type { GraphContext } from './context.ts';
import type { PrepareDocument } from './document.ts';
import type { ExecuteCoerced } from './execution.ts';
import type { PublicError } from './public-error.ts';
import { requestError, type Variables } from './request-error.ts';
import type { CoerceOperation } from './variables.ts';

/** An operation as a client asks for it: a document, which of its operations, and the values of its variables. */
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
  /** Size of one answer as JSON, about; not limited when absent. */
  readonly maxAnswerBytes?: number;
  /** The context of an operation that begins now. */
  readonly context: (caller: OperationCaller) => GraphContext;
}

/** Who asks for an operation, and how long they wait for it. */
export interface OperationCaller {
  readonly session: Session;
  /** Aborted when nobody waits for the answer any more: its reads end. */
  readonly signal?: AbortSignal | undefined;
  /** Whether they follow a subscription, whose reads are not those of one answer: they are not added up. */
  readonly follows?: boolean;
}

/** A document that may be executed and which of its operations is asked for, or why there is none. */
type PreparedOperation =
  | {
      readonly document: DocumentNode;
      readonly operation: OperationDefinitionNode;
      readonly errors?: undefined;
    }
  | {
      readonly errors: readonly GraphQLError[];
      readonly document?: undefined;
      readonly operation?: undefined;
    };

/**
 * The operation that a request asks for, by every transport. An empty operationName is the same as none, as GraphQL
 * over HTTP has it; without a name the document must have exactly one operation.
 */
export function prepareOperation(
  { prepare }: Pick<GraphEngine, 'prepare'>,
  { query, operationName }: OperationRequest,
): PreparedOperation {
  const { document, errors } = prepare(query);
  if (errors) return { errors };
  const operation = getOperationAST(document, operationName || null);
  return operation ? { document, operation } : { errors: [noOperation(operationName)] };
}

interface OperationOptions {
  /** Whether mutations are rejected. */
  readonly readOnly?: boolean;
}

/**
 * Answers a query or a mutation; never rejects. Without `data` in the result nothing was executed. Errors may carry
 * `extensions.http`, which is for the server and not for the client.
 */
export function runOperation(
  engine: GraphEngine,
  request: OperationRequest,
  caller: OperationCaller,
  options: OperationOptions = {},
): Promise<ExecutionResult> {
  // Not awaited, here and below: the values of the variables, which are copied, would be held until the answer.
  return execution(engine, request, caller, options).then((result) => {
    const answered = withinSize(engine, result);
    return answered.errors && 'data' in answered
      ? { ...answered, errors: answered.errors.map(engine.publicError) }
      : answered;
  });
}

/** An answer that is too large is left out: what a mutation did is done. */
function withinSize(
  { maxAnswerBytes, publicError }: GraphEngine,
  result: ExecutionResult,
): ExecutionResult {
  if (maxAnswerBytes === undefined || !isAnswerTooLarge(result.data, maxAnswerBytes)) return result;
  const message = `The answer is larger than ${maxAnswerBytes} bytes: ask for fewer events, or for fewer of their fields.`;
  return { data: null, errors: [publicError(new CostLimit(message, { maxAnswerBytes }))] };
}

async function execution(
  engine: GraphEngine,
  request: OperationRequest,
  caller: OperationCaller,
  { readOnly = false }: OperationOptions,
): Promise<ExecutionResult> {
  const { document, operation, errors } = prepareOperation(engine, request);
  if (errors) return { errors };
  if (operation.operation === 'subscription') return { errors: [subscriptionElsewhere()] };
  if (operation.operation === 'mutation' && readOnly) return { errors: [mutationByGet()] };

  const asked = { document, operation, variables: request.variables ?? {} };
  const admitted = admit(engine, asked, caller.session);
  if (admitted.refused) return admitted.refused;
  return engine.execute({
    document: admitted.document,
    operation,
    variableValues: admitted.variables,
    contextValue: engine.context(caller),
  });
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
