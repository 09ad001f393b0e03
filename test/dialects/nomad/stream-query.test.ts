import { describe, expect, test } from 'vitest';
import { NomadError } from '../../../src/dialects/nomad/nomad-error.ts';
import {
  filterOf,
  parseIndex,
  parseTopics,
  readStreamQuery,
} from '../../../src/dialects/nomad/stream-query.ts';

const huge = Number.MAX_SAFE_INTEGER;

test.each([
  ['', 0],
  ['0', 0],
  ['007', 7],
  ['+5', 5],
  ['9007199254740991', huge],
  ['9223372036854775807', huge],
  ['-1', huge],
])('index %j is %d', (text, index) => {
  expect(parseIndex(text)).toBe(index);
});

test.each([
  ['abc', 'invalid syntax'],
  ['1.5', 'invalid syntax'],
  ['1_000', 'invalid syntax'],
  ['-', 'invalid syntax'],
  [' 1', 'invalid syntax'],
  ['9223372036854775808', 'value out of range'],
  ['-9223372036854775809', 'value out of range'],
])('index %j is rejected as Go rejects it', (text, fault) => {
  expect(() => parseIndex(text)).toThrow(
    new NomadError(400, `Unable to parse index: strconv.Atoi: parsing "${text}": ${fault}`),
  );
});

describe('topics', () => {
  test.each([
    ['Job', { category: 'Job', key: null }],
    ['Job:*', { category: 'Job', key: null }],
    ['Job:web', { category: 'Job', key: 'web' }],
    ['*:web', { category: null, key: 'web' }],
    ['*', { category: null, key: null }],
    ['*:*', { category: null, key: null }],
    ['Job:', { category: 'Job', key: '' }],
    ['', { category: '', key: null }],
  ])('%j', (text, topic) => {
    expect(parseTopics([text])).toEqual([topic]);
  });

  test('a wildcard is a wildcard next to other keys too', () => {
    const topics = parseTopics(['Job:web', '*', 'Node:']);
    expect(filterOf(topics, '*')).toEqual({});
  });

  test('none of them asks for everything of the namespace', () => {
    const parameters = new URLSearchParams('namespace=&index=');
    expect(readStreamQuery(parameters)).toEqual({
      topics: [],
      namespace: 'default',
      index: 0,
      filter: { namespaces: ['default'] },
    });
  });
});

test.each(['topic=Job:%00', 'topic=%00', 'namespace=a%00b'])(
  'what the database cannot compare is a 400: %s',
  (query) => {
    expect(() => readStreamQuery(new URLSearchParams(query))).toThrow(
      expect.objectContaining({
        status: 400,
        message: expect.stringMatching(/^Invalid (topic|namespace): /),
      }),
    );
  },
);
