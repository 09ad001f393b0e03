import {
  type DocumentNode,
  type ExecutionResult,
  type FragmentDefinitionNode,
  type GraphQLError,
  Kind,
  type SelectionSetNode,
  subscribe,
} from 'graphql';
import type { Session } from '../access/access.ts';
import { RateLimited } from '../runtime/unavailable.ts';
import { admit } from './admission.ts';
import {
  type GraphEngine,
  type OperationCaller,
  type OperationRequest,
  prepareOperation,
} from './operation.ts';

/** Subscriptions that follow events, which equal followers share. */
export const feedFields: ReadonlySet<string> = new Set(['events', 'eventBatches']);

/** Whether a request subscribes to something else than a feed of events. */
export function isPlainSubscription(engine: GraphEngine, request: OperationRequest): boolean {
  const { document, operation, errors } = prepareOperation(engine, request);
  if (errors || operation.operation !== 'subscription') return false;
  const name = rootField(document, operation.selectionSet);
  return name !== undefined && !feedFields.has(name);
}

/** Valid subscriptions have one field at the root, which may be in a fragment. */
function rootField(document: DocumentNode, { selections }: SelectionSetNode): string | undefined {
  const [selection] = selections;
  switch (selection?.kind) {
    case Kind.FIELD:
      return selection.name.value;
    case Kind.INLINE_FRAGMENT:
      return rootField(document, selection.selectionSet);
    case Kind.FRAGMENT_SPREAD: {
      const named = selection.name.value;
      const fragment = document.definitions.find(
        (definition): definition is FragmentDefinitionNode =>
          definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === named,
      );
      return fragment && rootField(document, fragment.selectionSet);
    }
    default:
      return undefined;
  }
}

/**
 * Runs such a subscription, each follower's alone. Its errors are for clients. Whoever iterates it ends it when its
 * caller's rights are others.
 */
export async function runSubscription<Rendered>(
  engine: GraphEngine,
  request: OperationRequest,
  caller: OperationCaller,
  render: (result: ExecutionResult) => Rendered,
): Promise<RenderedResults<Rendered> | readonly GraphQLError[]> {
  const { publicError, schema } = engine;
  const { document, operation, errors } = prepareOperation(engine, request);
  if (errors) return errors;
  const asked = { document, operation, variables: request.variables ?? {} };
  const admitted = admit(engine, asked, caller.session);
  if (admitted.refused) return admitted.refused.errors;
  const slot = feedOf(caller.session);
  if (slot instanceof RateLimited) return [publicError(slot)];
  const results = await subscribe({
    schema,
    document: admitted.document,
    operationName: operation.name?.value ?? null,
    variableValues: admitted.variables,
    contextValue: engine.context({ ...caller, follows: true }),
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

/**
 * Not an async generator: the return of one that waits for its next value is only heard with that value. It can be ended
 * with an error as well, also while it waits.
 */
export class RenderedResults<Rendered> implements AsyncIterableIterator<Rendered, undefined> {
  readonly #results: AsyncGenerator<ExecutionResult, void, void>;
  readonly #render: (result: ExecutionResult) => Rendered;
  #onEnd: (() => void)[];
  #isEnded = false;
  #failure: Error | null = null;
  /** Of whoever waits for the next value. */
  #reject: (error: Error) => void = () => {};

  constructor(
    results: AsyncGenerator<ExecutionResult, void, void>,
    render: (result: ExecutionResult) => Rendered,
    onEnd: () => void,
  ) {
    this.#results = results;
    this.#render = render;
    this.#onEnd = [onEnd];
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Calls back once it has ended. */
  onEnd(ended: () => void): void {
    if (this.#isEnded) ended();
    else this.#onEnd.push(ended);
  }

  next(): Promise<IteratorResult<Rendered, undefined>> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      this.#results.next().then(
        ({ done = false, value }) => {
          if (!done && value) return resolve({ done: false, value: this.#render(value) });
          this.#end();
          resolve(ended);
        },
        (error: unknown) => {
          this.#end();
          reject(error);
        },
      );
    });
  }

  /** Ends it at once: whoever iterates it gets the error, and nothing after it. */
  fail(error: Error): void {
    if (this.#isEnded) return;
    this.#failure = error;
    this.#end();
    this.#reject(error);
    void this.#results.return().catch(() => {});
  }

  async return(): Promise<IteratorResult<Rendered, undefined>> {
    this.#end();
    await this.#results.return();
    return ended;
  }

  #end(): void {
    this.#isEnded = true;
    for (const ended of this.#onEnd) ended();
    this.#onEnd = [];
  }
}

const ended = { done: true, value: undefined } as const;
