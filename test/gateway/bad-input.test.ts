import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootGateway, type TestGateway } from '../harness.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await bootGateway({ environment: { TIDINGS_MAX_EVENTS: '3' } });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const find = (filter: string) => `{ events(filter: ${filter}) { nodes { id } } }`;
const trait = (test: string) => find(`{ traits: [${test}] }`);

/** The error that an operation was rejected with; nothing of it was executed. */
async function rejection(document: string, variables?: Record<string, unknown>) {
  const { errors } = await gateway.run(document, variables);
  expect(errors).toHaveLength(1);
  const { message = '', extensions } = errors?.[0] ?? {};
  return { message, ...extensions } as { message: string; code: string; argument?: string[] };
}

describe('a bad argument is named', () => {
  test.each<[string, string, string[]]>([
    ['not a UUID', '{ event(id: "abc") { id } }', ['id']],
    ['not a UUID in a filter', find('{ ids: ["abc"] }'), ['filter', 'ids', '0']],
    [
      'an unknown trait operator',
      trait('{ name: "a", op: LIKE, value: { int: 1 } }'),
      ['filter', 'traits', '0', 'op'],
    ],
    ['a trait without a value', trait('{ name: "a" }'), ['filter', 'traits', '0', 'value']],
    [
      'PREFIX of a number',
      trait('{ name: "a", op: PREFIX, value: { int: 1 } }'),
      ['filter', 'traits', '0', 'op'],
    ],
    [
      'two values of a trait',
      trait('{ name: "a", value: { int: 1, text: "b" } }'),
      ['filter', 'traits', '0', 'value'],
    ],
    ['lt with lte', find('{ time: { lt: "now", lte: "now" } }'), ['filter', 'time', 'lt']],
    ['gt with gte', find('{ time: { gt: "now", gte: "now" } }'), ['filter', 'time', 'gt']],
    ['bad date math', find('{ time: { gte: "now-1q" } }'), ['filter', 'time', 'gte']],
    ['a time of another kind', find('{ time: { gte: true } }'), ['filter', 'time', 'gte']],
    ['a bad glob', find('{ types: ["Volume.[a"] }'), ['filter', 'types', '0']],
    ['a bad topic', find('{ topics: [":key"] }'), ['filter', 'topics', '0']],
    [
      'nine levels of not',
      find(`${'{ not: '.repeat(9)}{ tags: ["a"] }${' }'.repeat(9)}`),
      ['filter', ...Array(9).fill('not')],
    ],
    ['first above 1000', '{ events(first: 1001) { nodes { id } } }', ['first']],
    ['first below 0', '{ events(first: -1) { nodes { id } } }', ['first']],
    ['last above 1000', '{ events(last: 1001) { nodes { id } } }', ['last']],
    ['an unknown cursor', '{ events(after: "abc") { nodes { id } } }', ['after']],
    ['an unknown cursor before', '{ events(before: "") { nodes { id } } }', ['before']],
    ['a bad minIndex', '{ events(minIndex: -1) { nodes { id } } }', ['minIndex']],
    [
      'an unknown measured field',
      '{ aggregateEvents(measure: { field: PRICE }) { truncated } }',
      ['measure', 'field'],
    ],
    [
      'two measures',
      '{ aggregateEvents(measure: { value: "", trait: "a" }) { truncated } }',
      ['measure'],
    ],
    [
      'an empty name in a measured value',
      '{ aggregateEvents(measure: { value: "a..b" }) { truncated } }',
      ['measure', 'value'],
    ],
    [
      'an empty trait',
      '{ aggregateEvents(measure: { trait: "" }) { truncated } }',
      ['measure', 'trait'],
    ],
    ['a bad interval', '{ aggregateEvents(interval: "1 moon") { truncated } }', ['interval']],
    ['an interval of nothing', '{ aggregateEvents(interval: "0s") { truncated } }', ['interval']],
    ['a bad time zone', '{ aggregateEvents(timeZone: "Mars/Base") { truncated } }', ['timeZone']],
    [
      'an offset as time zone',
      '{ aggregateEvents(timeZone: "+02:00") { truncated } }',
      ['timeZone'],
    ],
    [
      'a rank above 1',
      '{ aggregateEvents(percentiles: [0.5, 95]) { truncated } }',
      ['percentiles', '1'],
    ],
    [
      'two ways in one group',
      '{ aggregateEvents(groupBy: [{ field: TYPE, trait: "a" }]) { truncated } }',
      ['groupBy', '0'],
    ],
    ['too many tags', '{ tags(first: 5000) { truncated } }', ['first']],
    [
      'too many events',
      'mutation { reportEvents(events: [{}, {}, {}, {}]) { accepted } }',
      ['events'],
    ],
    [
      'an integer beyond 2^53',
      trait('{ name: "a", value: { int: 9007199254740992 } }'),
      ['filter', 'traits', '0', 'value', 'int'],
    ],
  ])('%s', async (_what, document, argument) => {
    const { code, message, argument: named } = await rejection(document);
    expect(code).toBe('BAD_USER_INPUT');
    expect(named).toEqual(argument);
    expect(message).toMatch(/\w/);
  });

  test('a cursor of another order', async () => {
    await gateway.gql('mutation { reportEvent(event: { type: "Cursor" }) { __typename } }');
    const { events } = await gateway.gql(
      '{ events(orderBy: TIME_ASC, first: 1) { pageInfo { endCursor } } }',
    );
    const { code, argument, message } = await rejection(
      'query ($after: String) { events(orderBy: TIME_DESC, after: $after) { nodes { id } } }',
      { after: events.pageInfo.endCursor },
    );
    expect({ code, argument }).toEqual({ code: 'BAD_USER_INPUT', argument: ['after'] });
    expect(message).toContain('TIME_ASC');
  });

  test('a variable leads to the argument that it is given to', async () => {
    const filter = { any: [{}, { severities: ['ERROR', 'LOUD'] }] };
    expect(
      await rejection('query ($f: EventFilter) { events(filter: $f) { nodes { id } } }', {
        f: filter,
      }),
    ).toMatchObject({
      code: 'BAD_USER_INPUT',
      argument: ['filter', 'any', '1', 'severities', '1'],
    });
    expect(
      await rejection('query ($t: [String!]) { events(filter: { tags: $t }) { nodes { id } } }', {
        t: [1],
      }),
    ).toMatchObject({ code: 'BAD_USER_INPUT', argument: ['filter', 'tags', '0'] });
    expect(await rejection('query ($id: ID!) { event(id: $id) { id } }')).toMatchObject({
      code: 'BAD_USER_INPUT',
      argument: ['id'],
    });
  });
});

describe('a list that is too long is rejected before its entries are read', () => {
  test.each<[string, string, string[], Record<string, unknown>]>([
    [
      'events',
      'mutation ($v: [EventInput!]!) { reportEvents(events: $v) { accepted } }',
      ['events'],
      { v: Array(100_000).fill({ bad: 1 }) },
    ],
    [
      'notifications',
      'mutation ($v: [JSON!]!) { reportNotifications(notifications: $v) { accepted } }',
      ['notifications'],
      { v: Array(100_000).fill(null) },
    ],
    [
      'names of categories',
      'query ($v: [String!]) { categories(names: $v) { name } }',
      ['names'],
      { v: Array(1_001).fill('a') },
    ],
    [
      'types of trait descriptors',
      'query ($v: [String!]) { traitDescriptors(types: $v) { name } }',
      ['types'],
      { v: Array(1_001).fill('a') },
    ],
    [
      'groups',
      'query ($v: [GroupBy!]) { aggregateEvents(groupBy: $v) { truncated } }',
      ['groupBy'],
      { v: Array(17).fill({ trait: 'a' }) },
    ],
    [
      'percentiles',
      'query ($v: [Float!]) { aggregateEvents(percentiles: $v) { truncated } }',
      ['percentiles'],
      { v: Array(33).fill(7) },
    ],
    ...[
      'ids',
      'namespaces',
      'categories',
      'actions',
      'types',
      'topics',
      'keys',
      'tags',
      'anyTags',
    ].map((name): [string, string, string[], Record<string, unknown>] => [
      `${name} of a filter`,
      `query ($v: [${name === 'ids' ? 'ID' : 'String'}!]) { tags(filter: { ${name}: $v }) { truncated } }`,
      ['filter', name],
      { v: Array(1_001).fill('[') },
    ]),
    [
      'filters in all',
      'query ($v: [EventFilter!]) { tags(filter: { all: $v }) { truncated } }',
      ['filter', 'all'],
      { v: Array(257).fill({ types: ['['] }) },
    ],
    [
      'all lists of a filter together',
      'query ($v: [EventFilter!]) { tags(filter: { any: $v }) { truncated } }',
      ['filter', 'any', '4', 'keys'],
      { v: Array(10).fill({ keys: Array(999).fill('a') }) },
    ],
  ])('%s', async (_what, document, argument, variables) => {
    const { code, message, argument: named } = await rejection(document, variables);
    expect(message).toMatch(/at most \d+/);
    expect({ code, named }).toEqual({ code: 'BAD_USER_INPUT', named: argument });
  });
});

describe('a character that cannot be stored', () => {
  const positions: [string, string, string[]][] = [
    [
      'a measured value',
      '{ aggregateEvents(measure: { value: "a.%" }) { rows { sum } } }',
      ['measure', 'value'],
    ],
    [
      'a measured trait',
      '{ aggregateEvents(measure: { trait: "%" }) { rows { sum } } }',
      ['measure', 'trait'],
    ],
    [
      'a group by trait',
      '{ aggregateEvents(groupBy: [{ trait: "%" }]) { truncated } }',
      ['groupBy', '0', 'trait'],
    ],
    [
      'a group by tag',
      '{ aggregateEvents(groupBy: [{ tagGroup: "%" }]) { truncated } }',
      ['groupBy', '0', 'tagGroup'],
    ],
    ['a prefix of tags', '{ tags(prefix: "%") { truncated } }', ['prefix']],
    ['a name of a category', '{ categories(names: ["a", "%"]) { name } }', ['names', '1']],
    ['a type of trait descriptors', '{ traitDescriptors(types: ["%"]) { name } }', ['types', '0']],
    ...['namespaces', 'categories', 'actions', 'types', 'topics', 'keys', 'tags', 'anyTags'].map(
      (name): [string, string, string[]] => [
        `${name} of a filter`,
        find(`{ ${name}: ["%"] }`),
        ['filter', name, '0'],
      ],
    ),
    ['a source of a filter', find('{ source: { node: "%" } }'), ['filter', 'source', 'node']],
    [
      'a name of a trait filter',
      trait('{ name: "%", op: EXISTS }'),
      ['filter', 'traits', '0', 'name'],
    ],
    [
      'a value of a trait filter',
      trait('{ name: "a", op: CONTAINS, value: { text: "%" } }'),
      ['filter', 'traits', '0', 'value', 'text'],
    ],
  ];

  test.each(positions)(
    'NUL in %s is the fault of the caller',
    async (_what, document, argument) => {
      const { code, argument: named } = await rejection(document.replace('%', '\\u0000'));
      expect({ code, named }).toEqual({ code: 'BAD_USER_INPUT', named: argument });
    },
  );

  test.each(positions)('a lone surrogate in %s is read as U+FFFD', async (_what, document) => {
    const variable = document
      .replace(/^\{/, 'query ($text: String!) {')
      .replace(/"(a\.)?%"/, '$text');
    await gateway.gql(variable, { text: 'x\ud800y' });
  });

  test.each([
    'event(id: "%") { id }',
    'events(filter: { ids: ["%"] }) { nodes { id } }',
    'events(after: "%") { nodes { id } }',
  ])('in %s it is the fault of the caller', async (field) => {
    expect((await rejection(`{ ${field.replace('%', '\\u0000')} }`)).code).toBe('BAD_USER_INPUT');
  });
});

describe('null for an argument that has a default', () => {
  test('is the fault of the caller, however often the operation comes', async () => {
    for (let time = 0; time < 15; time++) {
      const { code } = await rejection('query ($n: Int) { tags(first: $n) { truncated } }', {
        n: null,
      });
      expect(code).toBe('BAD_USER_INPUT');
    }
    await gateway.gql('query ($n: Int) { tags(first: $n) { truncated } }');
  });
});

describe('an operation beyond the limits is rejected before it runs', () => {
  test('more than 12 levels', async () => {
    const fragments = `query { events { nodes { ...A } } } fragment A on Event { category { actions { name } } }`;
    expect((await gateway.run(fragments)).errors).toBeUndefined();
    const small = await bootGateway({ environment: { TIDINGS_MAX_DEPTH: '4' } });
    try {
      const { errors } = await small.run(fragments);
      expect(errors?.[0]?.message).toBe('The operation is 5 levels deep: at most 4 are allowed.');
      expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT' });
    } finally {
      await small[Symbol.asyncDispose]();
    }
  });

  test('more than 30 aliases', async () => {
    const aliases = (count: number) =>
      `{ ${Array.from({ length: count }, (_, n) => `a${n}: journal { kind }`).join(' ')} }`;
    expect((await gateway.run(aliases(30))).errors).toBeUndefined();
    expect(await rejection(aliases(31))).toEqual({
      message: 'The operation has 31 aliases: at most 30 are allowed.',
      code: 'BAD_USER_INPUT',
    });
    const hidden = `{ ...A ...B } fragment A on Query { ${Array.from({ length: 16 }, (_, n) => `a${n}: journal { kind }`).join(' ')} } fragment B on Query { ...A }`;
    expect((await rejection(hidden)).message).toContain('32 aliases');
  });

  test('more than 2000 tokens', async () => {
    expect(await rejection(`{ journal { ${'kind '.repeat(2000)} } }`)).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining('2000 tokens'),
    });
  });

  test('introspection is not limited by them', async () => {
    const { errors } = await gateway.run(
      '{ __schema { types { fields { type { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { ofType { name } } } } } } } } } } } } } }',
    );
    expect(errors).toBeUndefined();
  });

  test('fragments in a circle are rejected', async () => {
    const { errors } = await gateway.run(
      '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
    );
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

test('variables that are nested too deeply are rejected', async () => {
  const deep = `${'{"not":'.repeat(20_000)}{}${'}'.repeat(20_000)}`;
  const query = 'query ($f: EventFilter) { events(filter: $f) { nodes { id } } }';
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{"query":${JSON.stringify(query)},"variables":{"f":${deep}}}`,
  });
  expect(await response.json()).toEqual({
    errors: [
      {
        message: expect.stringContaining('It is nested more than 256 levels deep.'),
        locations: [{ line: 1, column: 8 }],
        extensions: { code: 'BAD_USER_INPUT', argument: ['filter', ...Array(63).fill('not')] },
      },
    ],
  });
});

test.each([
  ['what is not GraphQL', '{'],
  ['an unknown field', '{ nothing }'],
  ['no operation', 'fragment A on Query { __typename }'],
  ['several operations without a name', 'query A { __typename } query B { __typename }'],
])('%s is the fault of the request', async (_what, document) => {
  const { code } = await rejection(document);
  expect(code).toBe('BAD_USER_INPUT');
});
