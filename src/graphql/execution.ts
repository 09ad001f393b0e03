import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  visit,
} from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import type { GraphContext } from './context.ts';
import type { Variables } from './request-error.ts';

/** An operation of a document, with variables that are coerced already and of the scalar JSON in the document. */
interface CoercedExecution {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly rootValue?: unknown;
  readonly contextValue: GraphContext;
  readonly variableValues: Variables;
}

export type ExecuteCoerced = (
  execution: CoercedExecution,
) => Promise<ExecutionResult> | ExecutionResult;

/** Compiling takes about as long as this many executions save. */
const usesBeforeCompiling = 10;

/** Resolvers already answer the built-in scalars and enums in their serialized form. */
const trusting = { disableLeafSerialization: true };

interface Use {
  times: number;
  compiled: CompiledQuery | null;
}

/** Executes operations. One that is used often is compiled to a function, which takes a fraction of the time. */
export function createExecution(schema: GraphQLSchema): ExecuteCoerced {
  const uses = new WeakMap<OperationDefinitionNode, Use>();

  function compiledFor({ document, operation }: CoercedExecution): CompiledQuery | null {
    let use = uses.get(operation);
    if (use === undefined) {
      use = { times: 0, compiled: null };
      uses.set(operation, use);
    }
    use.times += 1;
    if (use.times === usesBeforeCompiling) use.compiled = compile(document, operation);
    return use.compiled;
  }

  function compile(
    document: DocumentNode,
    operation: OperationDefinitionNode,
  ): CompiledQuery | null {
    if (hasDirectives(document)) return null;
    const made = compileQuery(schema, document, operation.name?.value ?? '', trusting);
    return isCompiledQuery(made) ? made : null;
  }

  return (execution) => {
    const { document, operation, rootValue, contextValue, variableValues } = execution;
    const compiled = compiledFor(execution);
    if (compiled !== null) return compiled.query(rootValue, contextValue, variableValues);
    const operationName = operation.name?.value;
    return execute({ schema, document, operationName, rootValue, contextValue, variableValues });
  };
}

/** The compiler and the specification do not agree about every place of a @skip or an @include. */
function hasDirectives(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    [Kind.DIRECTIVE]() {
      found = true;
    },
  });
  return found;
}
