import { type ExecutionResult, type GraphQLError, getOperationAST, Kind, subscribe } from 'graphql';
import type { Session } from '../access/access.ts';
import { RateLimited } from '../runtime/unavailable.ts';
import { limitReached } from './admission.ts';
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
  const operation = getOperationAST(prepared.document, operationName);
  if (operation !== null && operation !== undefined) {
    const asked = { document: prepared.document, operation, variables: variables ?? {} };
    const limit = limitReached(engine, asked, caller.session);
    if (limit !== null) return [limit];
  }
  const slot = feedOf(caller.session);
  if (slot instanceof RateLimited) return [publicError(slot)];
  const results = await subscribe({
    schema: engine.schema,
    document: prepared.document,
    operationName: operationName ?? null,
    variableValues: variables ?? {},
    contextValue: engine.context(caller),
  });
  const release = () => slot?.[Symbol.dispose]();
  if (!(Symbol.asyncIterator in results)) {
    release();
    return (results.errors ?? []).map(publicError);
  }
  return new RenderedResults(
    results,
    (result) =>
      render(result.errors ? { ...result, errors: result.errors.map(publicError) } : result),
    release,
  );
}

function feedOf({ quota }: Session): Disposable | RateLimited | undefined {
  try {
    return quota?.openFeed();
  } catch (error) {
    if (error instanceof RateLimited) return error;
    throw error;
  }
}

/** Not an async generator: the return of one that waits for its next value is only heard with that value. */
export class RenderedResults<Rendered> implements AsyncIterableIterator<Rendered, undefined> {
  readonly #results: AsyncGenerator<ExecutionResult, void, void>;
  readonly #render: (result: ExecutionResult) => Rendered;
  readonly #onEnd: () => void;

  /** @param onEnd may be called more than once */
  constructor(
    results: AsyncGenerator<ExecutionResult, void, void>,
    render: (result: ExecutionResult) => Rendered,
    onEnd: () => void,
  ) {
    this.#results = results;
    this.#render = render;
    this.#onEnd = onEnd;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Rendered, undefined>> {
    const { done = false, value } = await this.#results.next().catch((error: unknown) => {
      this.#onEnd();
      throw error;
    });
    if (!done && value) return { done: false, value: this.#render(value) };
    this.#onEnd();
    return ended;
  }

  async return(): Promise<IteratorResult<Rendered, undefined>> {
    this.#onEnd();
    await this.#results.return();
    return ended;
  }
}

const ended = { done: true, value: undefined } as const;
