import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootGateway, type TestGateway } from '../harness.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await bootGateway({
    embedded: true,
    environment: { TIDINGS_SINK_NETWORKS: '127.0.0.0/8' },
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const half = 'half of \ud800 a pair';
const nul = 'a \0 in it';

async function ask(query: string, variables: object) {
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors = [] } = await response.json();
  const codes = errors.map((error: { extensions: { code: string } }) => error.extensions.code);
  return { data, codes };
}

const createRule = (more: object) =>
  ask('mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { name definition } }', {
    input: {
      name: crypto.randomUUID(),
      condition: { threshold: { op: 'GT', value: 1, over: '1m' } },
      ...more,
    },
  });

const createSink = (more: object) =>
  ask('mutation ($input: SinkInput!) { createSink(input: $input) { sink { name } } }', {
    input: {
      name: crypto.randomUUID(),
      target: { webhook: { url: 'http://127.0.0.1:9/', signed: false } },
      ...more,
    },
  });

const createSilence = (more: object) =>
  ask('mutation ($input: SilenceInput!) { createSilence(input: $input) { comment } }', {
    input: { until: '2999-01-01T00:00:00Z', comment: 'x', ...more },
  });

const expression = { expression: `sum(\`${nul}\`) > 1` };

test.each<readonly [string, () => ReturnType<typeof ask>]>([
  ['the name of a rule', () => createRule({ name: half })],
  ['the description of a rule', () => createRule({ description: half })],
  ['the tags of a rule', () => createRule({ tags: [half] })],
  ['the message of a rule', () => createRule({ message: half })],
  ['the filter of a rule', () => createRule({ filter: { keys: [half] } })],
  ['the entity of a rule', () => createRule({ entity: [{ trait: half }] })],
  ['the expression of a rule', () => createRule({ condition: { expression } })],
  ['the name of a sink', () => createSink({ name: half })],
  ['the filter of a sink', () => createSink({ filter: { source: { service: half } } })],
  ['the template of a sink', () => createSink({ format: 'TEMPLATE', template: half })],
  ['the filter of a silence', () => createSilence({ filter: { tags: [half] } })],
  ['the comment of a silence', () => createSilence({ comment: half })],
])('%s is kept with a replacement for what the database cannot keep', async (_name, create) => {
  const { data, codes } = await create();
  expect(codes).toEqual([]);
  expect(JSON.stringify(data)).not.toMatch(/\\ud800|\\u0000/);
});

test.each([
  ['rules', 'query ($names: [String!]) { alarmRules(namespaces: $names) { id } }'],
  ['sinks', 'query ($names: [String!]) { sinks(namespaces: $names) { id } }'],
  ['alarms', 'query ($names: [String!]) { alarms(filter: { namespaces: $names }) { totalCount } }'],
])(
  '%s of a namespace with NUL are bad input, and the database is not taken for down',
  async (_, query) => {
    expect((await ask(query, { names: [half, 'default'] })).codes).toEqual([]);
    expect((await ask(query, { names: [nul] })).codes).toEqual(['BAD_USER_INPUT']);
    expect((await fetch(`${gateway.origin}/readyz`)).status).toBe(200);
  },
);
