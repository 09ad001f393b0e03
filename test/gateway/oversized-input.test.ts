import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { bootGateway, type TestGateway } from '../harness.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await bootGateway();
});
afterAll(() => gateway?.[Symbol.asyncDispose]());

interface Request {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

const post = async (path: string, accept: string, request: Request): Promise<string> => {
  const response = await fetch(`${gateway.origin}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    body: JSON.stringify(request),
  });
  return response.text();
};

const overWebSocket = async (request: Request): Promise<string> => {
  const client = createClient({ url: gateway.webSocketUrl, webSocketImpl: WebSocket });
  try {
    for await (const result of client.iterate(request)) return JSON.stringify(result);
  } catch (errors) {
    return JSON.stringify({ errors });
  } finally {
    await client.dispose();
  }
  return '';
};

const ways = {
  'a POST': (request: Request) => post('/graphql', 'application/json', request),
  'an event stream': (request: Request) => post('/graphql', 'text/event-stream', request),
  'a WebSocket': overWebSocket,
};

const query = 'query ($f: EventFilter) { events(filter: $f) { totalCount } }';
const subscription = 'subscription ($f: EventFilter) { events(filter: $f) { id } }';
/** Of a subscription that no followers share. */
const plain = 'subscription ($f: AlarmFilter) { alarms(filter: $f) { id } }';
const keys = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 1]));

interface BadAnswer {
  readonly errors: readonly {
    readonly message: string;
    readonly extensions: { readonly code: string; readonly argument?: readonly string[] };
  }[];
}

/** The errors of an answer, which must be bounded in number and in size. */
function boundedErrors(answer: string): BadAnswer['errors'] {
  expect(Buffer.byteLength(answer)).toBeLessThan(64 * 1024);
  const json = answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1);
  const { errors } = JSON.parse(json) as BadAnswer;
  expect(errors.length).toBeGreaterThan(0);
  expect(errors.length).toBeLessThanOrEqual(20);
  for (const { message, extensions } of errors) {
    expect(message.length).toBeLessThanOrEqual(300);
    expect(extensions.code).toBe('BAD_USER_INPUT');
  }
  return errors;
}

const oddNames = '\u0001"\\'.repeat(1000);
const bad: Readonly<Record<string, object>> = {
  '200,000 unknown keys': keys(200_000),
  'unknown keys in each of 1,000 filters': { any: Array(1_000).fill(keys(50)) },
  'a key of a megabyte': { ['k'.repeat(1_000_000)]: 1 },
  'keys that JSON escapes': Object.fromEntries(
    Array.from({ length: 100 }, (_, at) => [`${oddNames}${at}`, 1]),
  ),
  'a string of a megabyte in place of a list of enums': { severities: 'x'.repeat(1_000_000) },
  'an object of 100,000 keys in place of a string': { tags: [keys(100_000)] },
  '100,000 numbers in place of strings': { tags: Array(100_000).fill(1) },
};

describe.each(Object.entries(ways))('over %s', (_, ask) => {
  test.each(Object.entries(bad))('%s are answered with 20 short errors', async (_what, f) => {
    boundedErrors(await ask({ query, variables: { f } }));
    boundedErrors(await ask({ query: subscription, variables: { f } }));
    boundedErrors(await ask({ query: plain, variables: { f } }));
  });

  test.each([
    ['100,000 brackets', `{ a(b: ${'['.repeat(100_000)}`, /nested more than 200 levels/],
    ['100,000 braces', '{a'.repeat(100_000), /nested more than 200 levels/],
    ['a list type of 500 levels', `query ($a: ${'['.repeat(500)}`, /nested more than 200 levels/],
    [
      '400 unknown fields',
      `{ ${Array.from({ length: 400 }, (_f, at) => `f${at}`).join(' ')} }`,
      /f0/,
    ],
    ['an unknown field of a megabyte', `{ ${'f'.repeat(1_000_000)} }`, /Cannot query field/],
    ['a syntax error of a megabyte', `{ a(b: "${'f'.repeat(1_000_000)}" ! }`, /Syntax Error/],
    [
      'a string of a megabyte for a number',
      `{ tags(first: "${'f'.repeat(1_000_000)}") { truncated } }`,
      /Int cannot/,
    ],
    ['a million lines before an error', `${'\n'.repeat(1_000_000)}{ nothing }`, /nothing/],
  ])('%s in a document are answered with 20 short errors', async (_what, document, message) => {
    const [first] = boundedErrors(await ask({ query: document }));
    expect(first?.message).toMatch(message);
  });
});

test('brackets in strings and comments of a document do not count', async () => {
  const brackets = '['.repeat(1_000);
  const document = `{ # ${brackets}
    a: event(id: "${brackets}\\"${brackets}") { id }
    b: event(id: """${brackets}\\"""" ${brackets} """) { id }
    c: event(id: "") { id }
  }`;
  const { errors } = await gateway.run(document);
  expect(errors?.map(({ message }) => message)).toEqual(
    Array(3).fill(expect.stringContaining('is not a UUID')),
  );
});
