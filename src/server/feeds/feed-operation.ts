import { createHash } from 'node:crypto';
import {
  type DocumentNode,
  type ExecutionResult,
  type GraphQLError,
  getArgumentValues,
  type OperationDefinitionNode,
} from 'graphql';
import type { Session } from '../../access/access.ts';
import type { Scope } from '../../access/scope.ts';
import { readable, withoutHidden } from '../../access/scoped-store.ts';
import type { Event } from '../../event/event.ts';
import { stringifyJson } from '../../event/json.ts';
import { admit } from '../../graphql/admission.ts';
import type { GraphContext } from '../../graphql/context.ts';
import { batchingOf, feedRequestOf } from '../../graphql/feed.ts';
import {
  type GraphEngine,
  type OperationRequest,
  prepareOperation,
} from '../../graphql/operation.ts';
import { requestError } from '../../graphql/request-error.ts';
import { feedFields } from '../../graphql/subscription.ts';
import type { FeedBatch, FeedRequest } from '../../live/feed.ts';
import type { StreamEventId } from '../../live/stream-event-id.ts';
import type { FeedOperation } from '../../live/subscription.ts';
import { readSelection, type Selection } from './selection.ts';

/** A subscription that can begin, or why it cannot. */
export type ReadOperation =
  | { readonly operation: FeedOperation; readonly errors?: undefined }
  | { readonly operation?: undefined; readonly errors: readonly GraphQLError[] };

/** Reads subscriptions: each document once, each operation's variables and arguments. */
export class FeedOperationReader {
  readonly #engine: GraphEngine;
  readonly #selections = new WeakMap<OperationDefinitionNode, Selection | null>();
  readonly #latest = new Map<string, Rendered>();

  constructor(engine: GraphEngine) {
    this.#engine = engine;
  }

  /** `lastEventId` overrides the arguments afterIndex and journalId. Never throws. */
  read(
    request: OperationRequest,
    lastEventId: StreamEventId | null,
    session: Session,
  ): ReadOperation {
    const prepared = prepareOperation(this.#engine, request);
    if (prepared.errors) return { errors: prepared.errors };
    const selection = this.#selectionOf(prepared.document, prepared.operation);
    if (selection === null || !feedFields.has(selection.field.name.value))
      return { errors: [requestError('There is no such subscription.')] };
    const { document, operation } = prepared;
    const asked = { document, operation, variables: request.variables ?? {} };
    const admitted = admit(this.#engine, asked, session);
    if (admitted.refused) return { errors: admitted.refused.errors };
    try {
      const contextValue = this.#engine.context({ session, follows: true });
      const { variables: coerced } = admitted;
      return { operation: this.#operation(selection, { coerced, lastEventId, contextValue }) };
    } catch (error) {
      return { errors: [this.#engine.publicError(error)] };
    }
  }

  #selectionOf(document: DocumentNode, operation: OperationDefinitionNode): Selection | null {
    const known = this.#selections.get(operation);
    if (known !== undefined) return known;
    const selection = readSelection(this.#engine.schema, document, operation);
    this.#selections.set(operation, selection);
    return selection;
  }

  #operation(
    { field, document, operation, digest, variables, ofEventAlone }: Selection,
    { coerced, lastEventId, contextValue }: Asked,
  ): FeedOperation {
    const { schema, publicError, execute } = this.#engine;
    const name = field.name.value;
    const definition = schema.getSubscriptionType()?.getFields()[name];
    if (definition === undefined) throw new Error(`no subscription field ${name}`);
    const args = getArgumentValues(definition, field, coerced);
    const { scope } = contextValue.session;
    const asked = feedRequestOf(args, contextValue);
    const request = { ...asked, filter: readable(asked.filter, scope) };
    const batching = name === 'eventBatches' ? batchingOf(args) : null;
    const { document: ofCoerced } = this.#engine.coerced(document, operation);
    const variableValues = pick(coerced, variables);
    const text = (result: ExecutionResult): string =>
      stringifyJson(result.errors ? { ...result, errors: result.errors.map(publicError) } : result);
    const isShared = ofEventAlone && scope.hidden.size === 0;
    const latest = isShared ? this.#latestOf(digestOf([digest, variableValues])) : null;
    return {
      key: digestOf([
        digest,
        variableValues,
        request.filter,
        batching,
        // A selection may show more than the event: the catalogue, as far as the caller may read it.
        isShared ? null : scope.readKey,
      ]),
      request: lastEventId === null ? request : resumed(request, lastEventId),
      batching,
      render(root) {
        if (latest !== null && latest.root === root) return latest.text;
        const rootValue = shownRoot(root, scope.hidden);
        const result = execute({
          document: ofCoerced,
          operation,
          rootValue,
          contextValue,
          variableValues,
        });
        if ('then' in result) return result.then(text);
        const rendered = text(result);
        if (latest !== null) Object.assign(latest, { root, text: rendered });
        return rendered;
      },
    };
  }

  #latestOf(key: string): Rendered {
    const known = this.#latest.get(key);
    if (known !== undefined) return known;
    if (this.#latest.size >= maxLatest) this.#latest.clear();
    const latest: Rendered = { root: null, text: '' };
    this.#latest.set(key, latest);
    return latest;
  }
}

/** The selection was checked before: this keeps hidden fields from one that the check has overlooked. */
function shownRoot(root: Event | FeedBatch, hidden: Scope['hidden']): Event | FeedBatch {
  if (hidden.size === 0) return root;
  if (!('events' in root)) return withoutHidden(root, hidden);
  return { ...root, events: root.events.map((event) => withoutHidden(event, hidden)) };
}

const resumed = (request: FeedRequest, { index, journalId }: StreamEventId): FeedRequest => ({
  ...request,
  afterIndex: index,
  journalId: journalId ?? request.journalId ?? null,
});

/** The latest event that a selection was rendered of: channels with other filters, of other scopes, need not again. */
interface Rendered {
  readonly root: Event | FeedBatch | null;
  readonly text: string;
}

/** Selections whose latest event is remembered. */
const maxLatest = 100;

interface Asked {
  readonly coerced: Readonly<Record<string, unknown>>;
  readonly lastEventId: StreamEventId | null;
  readonly contextValue: GraphContext;
}

function pick(
  values: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(values, name)).map((name) => [name, values[name]]),
  );
}

/** Of values whose members were put in order by whoever parsed them. */
const digestOf = (values: readonly unknown[]): string =>
  createHash('sha256').update(stringifyJson(values)).digest('base64url');
