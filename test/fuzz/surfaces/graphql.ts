import { hostileNames, hostileText } from '../hostile.ts';
import { type HttpHeader, httpInput, type Surface } from '../input.ts';
import { mutatedJson, mutatedText } from '../mutate.ts';
import type { Random } from '../random.ts';
import { withOddHeaders } from './headers.ts';
import { mutations, type Operation, queries, subscriptions } from './operations.ts';

const json: HttpHeader = ['Content-Type', 'application/json'];
const takesJson: HttpHeader = ['Accept', 'application/json'];
const takesStream: HttpHeader = ['Accept', 'text/event-stream'];

export const graphqlSurfaces: readonly Surface[] = [
  {
    name: 'GraphQL by POST',
    weight: 18,
    make: (random) =>
      httpInput({
        method: 'POST',
        target: '/graphql',
        headers: withOddHeaders(random, [json, takesJson]),
        body: operationJson(random, [...queries, ...mutations, ...mutations]),
      }),
  },
  {
    name: 'GraphQL by GET',
    weight: 8,
    make: (random) =>
      httpInput({
        method: random.pick(['GET', 'GET', 'GET', 'HEAD', 'OPTIONS', 'PUT']),
        target: `/graphql?${operationParameters(random, queries)}`,
        headers: withOddHeaders(random, [takesJson]),
      }),
  },
  {
    name: 'GraphQL over SSE',
    weight: 8,
    make: (random) =>
      random.chance(0.3)
        ? httpInput({
            method: 'GET',
            target: `/graphql?${operationParameters(random, subscriptions)}`,
            headers: withOddHeaders(random, [takesStream]),
          })
        : httpInput({
            method: 'POST',
            target: '/graphql',
            headers: withOddHeaders(random, [json, takesStream]),
            body: operationJson(random, [...subscriptions, ...subscriptions, ...queries]),
          }),
  },
];

/** The request of an operation with something wrong in it. */
export function operationJson(random: Random, operations: readonly Operation[]): string {
  const { query, variables } = random.pick(operations);
  if (random.chance(0.3)) return JSON.stringify({ query: mutatedQuery(random, query), variables });
  if (random.chance(0.6)) {
    return `{"query":${JSON.stringify(query)},"variables":${mutatedJson(random, variables)}}`;
  }
  const extensions = { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } };
  return mutatedJson(random, { query, variables, operationName: null, extensions });
}

function operationParameters(random: Random, operations: readonly Operation[]): string {
  const { query, variables } = random.pick(operations);
  const isQuery = random.chance(0.4);
  const parameters = new URLSearchParams({
    query: isQuery ? mutatedQuery(random, query) : query,
    variables: isQuery ? JSON.stringify(variables) : mutatedJson(random, variables).slice(0, 8_000),
  });
  if (random.chance(0.2)) parameters.set('operationName', hostileText(random).slice(0, 1_000));
  if (random.chance(0.2))
    parameters.set('extensions', mutatedJson(random, { a: {} }).slice(0, 1_000));
  const text = parameters.toString().slice(0, 12_000);
  return random.chance(0.15) ? mutatedText(random, text).slice(0, 14_000) : text;
}

const token = /"(?:[^"\\]|\\.)*"|\.\.\.|[A-Za-z_]\w*|-?\d[\d.]*|[^\s,]/g;

/** A document with tokens replaced, cut out or repeated, or one that is made to be costly. */
export function mutatedQuery(random: Random, query: string): string {
  if (random.chance(0.2)) return costly(random);
  if (random.chance(0.2)) return mutatedText(random, query);
  const tokens = query.match(token) ?? [];
  for (let edits = random.size(3); edits > 0; edits--) {
    const at = random.below(tokens.length);
    tokens.splice(at, random.below(2), replacement(random, tokens[at] ?? ''));
  }
  return tokens.join(' ');
}

function replacement(random: Random, old: string): string {
  if (old.startsWith('"') && random.chance(0.7)) return JSON.stringify(hostileText(random));
  return random.pick([
    JSON.stringify(hostileText(random).slice(0, 500)),
    random.pick(hostileNames),
    '{',
    '}',
    '$x',
    '@skip(if: true)',
    '@include(if: $missing)',
    '@defer',
    '...Whole',
    '... on Event { id }',
    '99999999999999999999',
    '1e999',
    'null',
    '"""block "" """',
    '__typename',
    `${old} ${old}`,
  ]);
}

function costly(random: Random): string {
  const count = random.size(3_000);
  const repeated = (one: (n: number) => string): string =>
    Array.from({ length: count }, (_, n) => one(n)).join(' ');
  return random.pick([
    () => `{ events { nodes { ${'source { '.repeat(count)} service ${'} '.repeat(count)} } } }`,
    () => '{'.repeat(count),
    () => `{ tags(prefix: ${'['.repeat(count)}${']'.repeat(count)}) { nodes { tag } } }`,
    () => `{ ${repeated((n) => `a${n}: journal { lastIndex }`)} }`,
    () =>
      `{ ${repeated((n) => `...F${n}`)} } ${repeated((n) => `fragment F${n} on Query { ...F${n + 1} }`)}`,
    () => `query (${repeated((n) => `$v${n}: Int`)}) { journal { kind } }`,
    () => `{ journal ${repeated(() => '@skip(if: false)')} { kind } }`,
    () => 'fragment A on Query { ...B } fragment B on Query { ...A } { ...A }',
    () => `${repeated((n) => `query Q${n} { journal { kind } }`)}`,
    () => `{ events(filter: ${'{ not: '.repeat(count)}{}${'}'.repeat(count)}) { nodes { id } } }`,
    () => `subscription { a: events { id } b: events { id } }`,
    () => `{ __type(name: ${JSON.stringify(hostileText(random))}) { name } }`,
    () => `{ categories(names: [${repeated(() => '"a"')}]) { name } }`,
  ])();
}
