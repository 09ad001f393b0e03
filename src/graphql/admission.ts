import type {
  DocumentNode,
  ExecutionResult,
  GraphQLError,
  GraphQLSchema,
  OperationDefinitionNode,
} from 'graphql';
import type { Session } from '../access/access.ts';
import { CostLimit } from '../runtime/unavailable.ts';
import { costOf } from './cost.ts';
import { hiddenSelections } from './hidden-fields.ts';
import type { PublicError } from './public-error.ts';
import type { Variables } from './request-error.ts';
import type { CoerceOperation } from './variables.ts';

/** An operation that its caller may run as it is asked for, or the answer that it gets instead. */
type Admission =
  | {
      /** The document for the coerced variables. */
      readonly document: DocumentNode;
      readonly variables: Variables;
      readonly refused?: undefined;
    }
  | { readonly refused: RefusedResult };

interface RefusedResult extends ExecutionResult {
  readonly errors: readonly GraphQLError[];
}

interface Admitting {
  readonly schema: GraphQLSchema;
  readonly coerced: CoerceOperation;
  readonly publicError: PublicError;
}

/**
 * Coerces the variables of an operation that is about to run, by every transport, and refuses it where a value is
 * rejected, where it selects what is hidden from its caller, and where it is beyond the limits of their roles.
 */
export function admit(
  { schema, coerced, publicError }: Admitting,
  asked: {
    readonly document: DocumentNode;
    readonly operation: OperationDefinitionNode;
    readonly variables: Variables;
  },
  { scope, quota }: Session,
): Admission {
  const { operation } = asked;
  const { document, coerce, errors } = coerced(asked.document, operation);
  const variables = coerce(asked.variables);
  if (variables === null) return { refused: { errors: errors(asked.variables) } };
  const hidden = hiddenSelections(schema, asked.document, scope.hidden);
  if (hidden.length > 0) return { refused: { data: null, errors: hidden } };
  if (quota !== null) {
    try {
      quota.takeOperation();
      const { maxOperationCost } = quota.limits;
      if (maxOperationCost !== undefined) {
        const cost = costOf(schema, asked.document, operation, variables);
        if (cost > maxOperationCost) throw tooExpensive(cost, maxOperationCost);
      }
    } catch (error) {
      return { refused: { errors: [publicError(error)] } };
    }
  }
  return { document, variables };
}

const tooExpensive = (cost: number, maxCost: number): CostLimit =>
  new CostLimit(
    `The operation costs ${cost}, and your roles allow ${maxCost}: ask for fewer events, or narrow the time.`,
    { cost, maxCost },
  );
