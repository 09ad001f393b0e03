import fc from 'fast-check';
import {
  type ExecutionResult,
  execute,
  type GraphQLNamedType,
  type GraphQLObjectType,
  getNamedType,
  getOperationAST,
  isObjectType,
  isUnionType,
  parse,
  validate,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/event/event.ts';
import { schema } from '../../src/gateway/schema.ts';
import type { GraphContext } from '../../src/graphql/context.ts';
import { createExecution } from '../../src/graphql/execution.ts';
import { createCoercion } from '../../src/graphql/variables.ts';
import type { PageRequest } from '../../src/store/store.ts';

/** More executions than it takes until an operation is compiled. */
const uses = 12;

const event: Event = {
  id: '6479595b-dc27-477c-bdd0-ab3b6bb74cdc',
  index: 7,
  namespace: 'default',
  category: 'Volume',
  action: 'Create',
  type: 'Volume.Create',
  severity: 'NORMAL',
  source: {
    service: 'storage',
    instance: null,
    endpoint: null,
    node: 'node-1',
    component: null,
    plane: 'DATA_PLANE',
    layer: null,
  },
  key: null,
  filterKeys: ['a', 'b'],
  message: 'made',
  tags: ['pool', 'pool:gold'],
  traits: [
    { name: 'size', type: 'INT', value: 5 },
    { name: 'state', type: 'TEXT', value: 'online' },
    { name: 'due', type: 'DATETIME', value: 1_700_000_000_000_000 },
  ],
  value: { attempt: 1, list: [1, null, 'x'] },
  time: 1_700_000_000_000_001,
  endTime: null,
  recordedAt: 1_700_000_000_000_000,
  dialect: 'TIDINGS',
  raw: null,
};

/** A store with impossible answers: strings for numbers, null for values that are not null. */
const flaws = [{ index: 'seven' }, { namespace: null }, { traits: [null] }, { time: undefined }];
const flawed = flaws.map((flaw) => ({ ...event, ...flaw }) as unknown as Event);

/** A context over these events, and what was asked of its store. */
function contextOf(events: readonly Event[]) {
  const asked: PageRequest[] = [];
  const reported: unknown[] = [];
  const context = {
    now: 1_700_000_000_000_000,
    maxFilterDepth: 8,
    store: {
      page: async (request: PageRequest) => {
        asked.push(request);
        return { events, more: false };
      },
      event: async () => events[0] ?? null,
      count: () => Promise.reject(new Error('down')),
      types: async () => [{ category: 'Volume', action: 'Odd' }],
    },
    intake: {
      report: async (drafts: readonly unknown[]) => {
        reported.push(drafts);
        return drafts.map((_, at) =>
          at % 2 === 0
            ? { status: 'STORED', index: at + 1, report: { id: event.id } }
            : {
                status: 'REJECTED',
                errors: [{ path: ['key'], code: 'TOO_LONG', message: 'Less.' }],
              },
        );
      },
    },
  } as unknown as GraphContext;
  return { context, asked, reported };
}

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const faultsOf = ({ errors = [] }: ExecutionResult): unknown[] =>
  errors.map(({ message, path }) => ({ message, path: path?.join('.') }));

/**
 * Expects of an operation that has been compiled the result that graphql-js gives, and the same questions to the
 * store. Where several non-null fields are null, each may report any one of them.
 */
async function expectAlike(
  text: string,
  variables: Record<string, unknown>,
  events: readonly Event[],
): Promise<void> {
  const document = parse(text);
  const operation = getOperationAST(document);
  if (!operation) throw new Error('there is no operation');
  expect(validate(schema, document)).toEqual([]);
  const reference = contextOf(events);
  const expected = await execute({
    schema,
    document,
    variableValues: variables,
    contextValue: reference.context,
  });
  const { document: ofCoerced, coerce } = createCoercion(schema)(document, operation);
  const variableValues = coerce(variables);
  if (variableValues === null) throw new Error('the variables are rejected');
  const executeCoerced = createExecution(schema);
  for (let use = 1; use <= uses; use += 1) {
    const { context: contextValue, asked, reported } = contextOf(events);
    const result = await executeCoerced({
      document: ofCoerced,
      operation,
      variableValues,
      contextValue,
    });
    expect(asJson(result.data)).toEqual(asJson(expected.data));
    expect(result.errors === undefined).toBe(expected.errors === undefined);
    if (!flawed.some((each) => events.includes(each))) {
      expect(faultsOf(result)).toEqual(faultsOf(expected));
    }
    expect({ asked, reported }).toEqual({ asked: reference.asked, reported: reference.reported });
  }
}

/** Selections of a type, with aliases, inline fragments and repeated fields, up to a depth. */
function selectionOf(type: GraphQLNamedType, levels: number): fc.Arbitrary<string> {
  if (isUnionType(type)) {
    const members = type
      .getTypes()
      .map((member) =>
        selectionOf(member, levels - 1).map((text) => `... on ${member.name} { ${text} }`),
      );
    return fc.tuple(...members).map((parts) => ['__typename', ...parts].join(' '));
  }
  if (!isObjectType(type)) throw new Error(`${type.name} has no fields`);
  const fields = fieldsOf(type, levels);
  return fc.array(fc.oneof(...fields), { minLength: 1, maxLength: 6 }).map((list) => {
    // A name is one field of one selection: different ones get different positions in the list.
    const named = list.map((text, at) =>
      text.includes('{') || text.includes('(') ? `f${at}: ${text}` : text,
    );
    return named
      .map((text, at) => (at % 3 === 2 ? `... on ${type.name} { ${text} }` : text))
      .join(' ');
  });
}

function fieldsOf(type: GraphQLObjectType, levels: number): fc.Arbitrary<string>[] {
  const own = Object.values(type.getFields()).flatMap((field): fc.Arbitrary<string>[] => {
    const below = getNamedType(field.type);
    const args = field.name === 'trait' ? '(name: "size")' : '';
    if (!isObjectType(below) && !isUnionType(below)) return [fc.constant(`${field.name}${args}`)];
    if (levels === 0) return [];
    return [selectionOf(below, levels - 1).map((text) => `${field.name}${args} { ${text} }`)];
  });
  return [fc.constant('__typename'), ...own];
}

const typeNamed = (name: string): GraphQLNamedType => {
  const type = schema.getType(name);
  if (type === undefined) throw new Error(`there is no type ${name}`);
  return type;
};

const pages = selectionOf(typeNamed('EventConnection'), 3);
const someEvents = fc.constantFrom([event, event], [], ...flawed.map((each) => [event, each]));

describe('an operation that has been compiled', () => {
  test('answers any selection of a page as graphql-js does', async () => {
    await fc.assert(
      fc.asyncProperty(pages, someEvents, async (selection, events) => {
        await expectAlike(`{ events(first: 2) { ${selection} } }`, {}, events);
      }),
      { numRuns: 300 },
    );
  });

  test.for([
    [
      'variables within a filter',
      `query ($tag: String!, $from: TimeExpression, $names: [String!]) {
        events(filter: { tags: ["a", $tag], time: { gte: $from } }, first: 2) {
          nodes { traits(names: $names) { name value } }
        }
      }`,
      [
        { tag: 'b' },
        { tag: 'b', from: 'now-1h', names: ['size'] },
        { tag: 'b', from: null, names: null },
      ],
    ],
    [
      'a filter as a variable, and defaults',
      `query ($filter: EventFilter = { tags: ["x"] }, $first: Int = 3) {
        events(filter: $filter, first: $first) { ...page }
      }
      fragment page on EventConnection { edges { cursor node { ...one } } pageInfo { hasNextPage endCursor } }
      fragment one on Event { id source { node plane } trait(name: "due") { dateTime } }`,
      [
        {},
        { first: 1 },
        { filter: null },
        { filter: { any: [{ keys: ['k'] }], not: { ended: true } } },
      ],
    ],
    [
      'directives',
      `query ($brief: Boolean!) {
        events(first: 1) { nodes { id message @skip(if: $brief) ...more @include(if: $brief) } }
      }
      fragment more on Event { message key @skip(if: true) tags }`,
      [{ brief: true }, { brief: false }],
    ],
    [
      'one field that fails and one that does not',
      `{ events(first: 1) { totalCount nodes { id } } other: event(id: "${event.id}") { index } }`,
      [{}],
    ],
    [
      'reports, and a union of what became of them',
      `mutation ($events: [EventInput!]!) {
        reportEvents(events: $events, wait: ACCEPTED) {
          accepted rejected
          results { __typename ... on ReportedEvent { id index status } ... on RejectedEvent { errors { path code } } }
        }
      }`,
      [
        { events: [] },
        {
          events: [
            { type: 'a.b', value: { deep: [1] } },
            { traits: [{ name: 'n', value: { int: 1 } }] },
          ],
        },
      ],
    ],
    [
      'what the schema is',
      '{ __schema { queryType { name } } __type(name: "Event") { kind } }',
      [{}],
    ],
  ] as const)('%s', async ([, text, variables]) => {
    for (const each of variables) {
      await expectAlike(text, each, [event]);
    }
  });
});
