import type { DocumentNode, GraphQLError, OperationDefinitionNode } from 'graphql';
import type { Session } from '../access/access.ts';
import { CostLimit } from '../runtime/unavailable.ts';
import { costOf } from './cost.ts';
import type { GraphEngine } from './operation.ts';
import type { Variables } from './request-error.ts';

/**
 * Counts an operation against the limits of its caller's roles, by every transport, once its variables are coerced. Null
 * where it may run.
 */
export function limitReached(
  { schema, publicError }: Pick<GraphEngine, 'schema' | 'publicError'>,
  asked: {
    readonly document: DocumentNode;
    readonly operation: OperationDefinitionNode;
    readonly variables: Variables;
  },
  { quota }: Session,
): GraphQLError | null {
  if (quota === null) return null;
  try {
    quota.takeOperation();
    const { maxOperationCost } = quota.limits;
    if (maxOperationCost !== undefined) {
      const cost = costOf(schema, asked.document, asked.operation, asked.variables);
      if (cost > maxOperationCost) throw tooExpensive(cost, maxOperationCost);
    }
    return null;
  } catch (error) {
    return publicError(error);
  }
}

const tooExpensive = (cost: number, maxCost: number): CostLimit =>
  new CostLimit(
    `The operation costs ${cost}, and your roles allow ${maxCost}: ask for fewer events, or narrow the time.`,
    { cost, maxCost },
  );
