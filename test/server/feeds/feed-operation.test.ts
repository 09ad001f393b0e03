import { buildSchema, GraphQLError, type GraphQLSchema } from 'graphql';
import { describe, expect, test } from 'vitest';
import type { Grant } from '../../../src/access/policy.ts';
import { compileScope } from '../../../src/access/scope.ts';
import { schema } from '../../../src/gateway/schema.ts';
import type { GraphContext } from '../../../src/graphql/context.ts';
import { createPrepareDocument } from '../../../src/graphql/document.ts';
import { createExecution } from '../../../src/graphql/execution.ts';
import type { GraphEngine } from '../../../src/graphql/operation.ts';
import { createPublicError } from '../../../src/graphql/public-error.ts';
import { createCoercion } from '../../../src/graphql/variables.ts';
import type { FeedOperation } from '../../../src/live/subscription.ts';
import { FeedOperationReader } from '../../../src/server/feeds/feed-operation.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { everybodysSession } from '../../access/everybody.ts';
import { change } from '../../live/change.ts';

function engineOf(over: GraphQLSchema): GraphEngine {
  return {
    schema: over,
    coerced: createCoercion(over),
    execute: createExecution(over),
    prepare: createPrepareDocument(over, { maxDepth: 12, maxAliases: 30, maxTokens: 2_000 }),
    publicError: createPublicError(createLog('silent')),
    context: ({ session }) =>
      ({ session, now: 1_700_000_000_000_000, maxFilterDepth: 8 }) as GraphContext,
  };
}

const reader = new FeedOperationReader(engineOf(schema));

function read(query: string, variables = {}, operationName: string | null = null): FeedOperation {
  const { operation, errors } = reader.read(
    { query, variables, operationName },
    null,
    everybodysSession,
  );
  if (errors) throw errors[0];
  return operation as FeedOperation;
}

const keyOf = (...given: Parameters<typeof read>): string => read(...given).key;

/** The key for a caller who reads these namespaces. */
function keyIn(namespaces: readonly string[], query: string, hide: Grant['hide'] = []): string {
  const grant: Grant = {
    effect: 'ALLOW',
    actions: ['READ'],
    namespaces,
    topics: ['*'],
    filter: null,
    hide,
    events: { namespaces },
  };
  const session = { ...everybodysSession, scope: compileScope([grant]) };
  const { operation, errors } = reader.read({ query }, null, session);
  if (errors) throw errors[0];
  return (operation as FeedOperation).key;
}

describe('subscriptions are equal', () => {
  const plain = keyOf('subscription { events(filter: { tags: ["a"] }) { id type } }');

  test.each<[string, string, object?, string?]>([
    [
      'with other white space and comments',
      '#\nsubscription{events(filter:{tags:["a"]}){id,type}}',
    ],
    ['under a name', 'subscription Name { events(filter: { tags: ["a"] }) { id type } }'],
    [
      'with the filter in a variable',
      'subscription ($f: EventFilter) { events(filter: $f) { id type } }',
      { f: { tags: ['a'] } },
    ],
    [
      'from wherever they resume',
      'subscription ($at: SafeInt) { events(filter: { tags: "a" }, afterIndex: $at) { id type } }',
      { at: 7 },
    ],
    [
      'among other operations and fragments',
      `query Q { journal { kind } }
       fragment Unused on Event { time }
       subscription S { events(filter: { tags: ["a"] }) { id type } }`,
      {},
      'S',
    ],
  ])('%s', (_, query, variables = {}, name) => {
    if (name === undefined) expect(keyOf(query, variables)).toBe(plain);
    // Unused fragments are rejected.
    else expect(() => keyOf(query, variables, name)).toThrow(/Unused/);
    if (name) expect(keyOf(query.replace(/fragment.*\n/, ''), variables, name)).toBe(plain);
  });

  test.each([
    ['another selection', 'subscription { events(filter: { tags: ["a"] }) { id } }'],
    ['another order', 'subscription { events(filter: { tags: ["a"] }) { type id } }'],
    ['another filter', 'subscription { events(filter: { tags: ["b"] }) { id type } }'],
    ['an alias', 'subscription { e: events(filter: { tags: ["a"] }) { id type } }'],
    ['batches', 'subscription { eventBatches(filter: { tags: ["a"] }) { events { id type } } }'],
  ])('but not with %s', (_, query) => {
    expect(keyOf(query)).not.toBe(plain);
  });

  test('where callers with other rights may read the same of what they ask for, and are shown it alike', () => {
    const ours = ['shared', 'ours'];
    const theirs = ['shared', 'theirs'];
    const shared = 'subscription { events(filter: { namespaces: ["shared"] }) { id } }';
    expect(keyIn(ours, shared)).toBe(keyIn(theirs, shared));
    const whatever = 'subscription { events { id } }';
    expect(keyIn(ours, whatever)).not.toBe(keyIn(theirs, whatever));
    expect(keyIn(ours, shared)).not.toBe(keyIn(theirs, shared, ['MESSAGE']));
    const catalogue = shared.replace('{ id }', '{ category { actions { name } } }');
    expect(keyIn(ours, catalogue)).not.toBe(keyIn(theirs, catalogue));
  });

  test('where the variables of the selection are, those with a default included', () => {
    const query = `subscription ($name: String! = "a", $on: Boolean!) {
      events { trait(name: $name) { value } id @include(if: $on) }
    }`;
    const key = keyOf(query, { on: true });
    expect(keyOf(query, { on: true, name: 'a' })).toBe(key);
    expect(keyOf(query, { on: true, name: 'b' })).not.toBe(key);
    expect(keyOf(query, { on: false })).not.toBe(key);
  });

  test('where batches are cut alike', () => {
    const batches = (size: number, wait: string) =>
      keyOf(`subscription { eventBatches(maxSize: ${size}, maxWait: "${wait}") { index } }`);
    expect(batches(100, '50ms')).toBe(keyOf('subscription { eventBatches { index } }'));
    expect(batches(100, '0.05s')).toBe(batches(100, '50ms'));
    expect(batches(99, '50ms')).not.toBe(batches(100, '50ms'));
    expect(batches(100, '51ms')).not.toBe(batches(100, '50ms'));
  });
});

describe('what is selected', () => {
  test('through fragments on the subscription itself', () => {
    const operation = read(
      `subscription ($at: SafeInt, $keys: [String!]) { ...Feed ... on Subscription { events(afterIndex: $at, filter: { keys: $keys }) { type } } }
       fragment Feed on Subscription { events(afterIndex: $at, filter: { keys: $keys }) { ...Some } }
       fragment Some on Event { id ...More }
       fragment More on Event { message }`,
      { at: 3, keys: ['k'] },
    );
    expect(operation.request).toEqual({
      filter: { keys: ['k'] },
      afterIndex: 3,
      journalId: null,
    });
    const event = change({ message: 'm', category: 'A' });
    expect(JSON.parse(operation.render(event) as string)).toEqual({
      data: { events: { id: event.id, message: 'm', type: 'A' } },
    });
  });

  test('is rendered once of an event, whatever the filters that it passes', () => {
    const counted = { ...engineOf(schema), count: 0 };
    const { execute } = counted;
    const counting = new FeedOperationReader({
      ...counted,
      execute: (execution) => {
        counted.count += 1;
        return execute(execution);
      },
    });
    const operationOf = (query: string): FeedOperation => {
      const { operation, errors } = counting.read({ query }, null, everybodysSession);
      if (errors) throw errors[0];
      return operation as FeedOperation;
    };
    const selected = '{ id message category { name } traits { name } source { node } __typename }';
    const [one, two] = ['a', 'b'].map((tag) =>
      operationOf(`subscription { events(filter: { tags: ["${tag}"] }) ${selected} }`),
    ) as [FeedOperation, FeedOperation];
    const other = operationOf('subscription { events { index } }');
    const [first, second] = [
      change({ index: 1, message: 'one' }),
      change({ index: 2, message: 'two' }),
    ];
    const ofFirst = one.render(first);
    expect(two.render(first)).toBe(ofFirst);
    expect(counted.count).toBe(1);
    expect(other.render(first)).toBe('{"data":{"events":{"index":1}}}');
    expect(two.render(second)).not.toBe(ofFirst);
    expect(one.render(first)).toBe(ofFirst);
    expect(counted.count).toBe(4);
    // The catalogue is shown as far as each may read it.
    const catalogue = operationOf('subscription { events { category { actions { name } } } }');
    const rendered = [catalogue.render(first), catalogue.render(first)];
    expect(counted.count).toBe(6);
    return Promise.allSettled(rendered);
  });

  test('of a batch', () => {
    const { render } = read('subscription { b: eventBatches { at: index events { index } } }');
    expect(render({ index: 9, events: [change({ index: 8 })] })).toBe(
      '{"data":{"b":{"at":9,"events":[{"index":8}]}}}',
    );
  });

  test('may fail: then that is the result', async () => {
    const failing = buildSchema(
      'type Query { a: Int } type Subscription { events: Event } type Event { id: ID late: ID }',
    );
    const fields = (
      failing.getType('Event') as never as { getFields(): Record<string, object> }
    ).getFields();
    const fail = () => {
      throw new GraphQLError('It is not to be had.', { extensions: { code: 'GONE' } });
    };
    Object.assign(fields.id as object, { resolve: fail });
    Object.assign(fields.late as object, { resolve: async () => fail() });
    Object.assign(failing.getSubscriptionType()?.getFields().events as object, {
      resolve: (event: object) => event,
    });
    const own = new FeedOperationReader(engineOf(failing));
    for (const field of ['id', 'late']) {
      const { operation } = own.read(
        { query: `subscription { events { ${field} } }` },
        null,
        everybodysSession,
      );
      const text = await operation?.render(change());
      expect(JSON.parse(text ?? '')).toEqual({
        data: { events: { [field]: null } },
        errors: [
          expect.objectContaining({ message: 'It is not to be had.', path: ['events', field] }),
        ],
      });
    }
  });
});

test('Last-Event-ID overrides afterIndex, and journalId where it names a journal', () => {
  const [argument, named] = [crypto.randomUUID(), crypto.randomUUID()];
  const query = `subscription { events(afterIndex: 3, journalId: "${argument}") { id } }`;
  for (const [journalId, expected] of [
    [null, argument],
    [named, named],
  ] as const) {
    const { operation } = reader.read({ query }, { journalId, index: 8 }, everybodysSession);
    expect(operation?.request).toMatchObject({ afterIndex: 8, journalId: expected });
  }
});

test.each([
  [
    'several operations without a name',
    'subscription A { events { id } } subscription B { events { id } }',
  ],
  ['no operation', 'fragment F on Event { id }'],
])('%s are rejected', (_, query) => {
  expect(reader.read({ query }, null, everybodysSession).errors).toHaveLength(1);
});
