import { type ExecutionResult, type GraphQLError, getOperationAST, Kind, subscribe } from 'graphql';
import { hiddenSelections } from './hidden-fields.ts';
import type { GraphEngine, OperationCaller, OperationRequest } from './operation.ts';

/** Subscriptions that follow events, which equal followers share. */
const feedFields: ReadonlySet<string> = new Set(['events', 'eventBatches']);

/** Whether a document, which has been validated, subscribes to something else than a feed of events. */
export function isPlainSubscription(
  { prepare }: GraphEngine,
  { query, operationName }: OperationRequest,
): boolean {
  const { document } = prepare(query);
  const operation = document && getOperationAST(document, operationName);
  if (operation?.operation !== 'subscription') return false;
  const [selection] = operation.selectionSet.selections;
  return selection?.kind === Kind.FIELD && !feedFields.has(selection.name.value);
}

/** Runs such a subscription, each follower's alone. Its errors are for clients. */
export async function runSubscription<Rendered>(
  engine: GraphEngine,
  { query, operationName, variables }: OperationRequest,
  caller: OperationCaller,
  render: (result: ExecutionResult) => Rendered,
): Promise<RenderedResults<Rendered> | readonly GraphQLError[]> {
  const { publicError } = engine;
  const prepared = engine.prepare(query);
  if (prepared.errors) return prepared.errors;
  const hidden = hiddenSelections(engine.schema, prepared.document, caller.session.scope.hidden);
  if (hidden.length > 0) return hidden;
  const results = await subscribe({
    schema: engine.schema,
    document: prepared.document,
    operationName: operationName ?? null,
    variableValues: variables ?? {},
    contextValue: engine.context(caller),
  });
  if (!(Symbol.asyncIterator in results)) return (results.errors ?? []).map(publicError);
  return new RenderedResults(results, (result) =>
    render(result.errors ? { ...result, errors: result.errors.map(publicError) } : result),
  );
}

/** Not an async generator: the return of one that waits for its next value is only heard with that value. */
export class RenderedResults<Rendered> implements AsyncIterableIterator<Rendered, undefined> {
  readonly #results: AsyncGenerator<ExecutionResult, void, void>;
  readonly #render: (result: ExecutionResult) => Rendered;

  constructor(
    results: AsyncGenerator<ExecutionResult, void, void>,
    render: (result: ExecutionResult) => Rendered,
  ) {
    this.#results = results;
    this.#render = render;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Rendered, undefined>> {
    const { done = false, value } = await this.#results.next();
    return done || !value ? ended : { done: false, value: this.#render(value) };
  }

  async return(): Promise<IteratorResult<Rendered, undefined>> {
    await this.#results.return();
    return ended;
  }
}

const ended = { done: true, value: undefined } as const;
