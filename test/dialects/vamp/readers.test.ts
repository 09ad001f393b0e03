import { describe, expect, test } from 'vitest';
import { parseBody, toJson } from '../../../src/dialects/vamp/body.ts';
import { readEvent } from '../../../src/dialects/vamp/event-reader.ts';
import { readQueryBody } from '../../../src/dialects/vamp/query-reader.ts';
import { VampError } from '../../../src/dialects/vamp/vamp-error.ts';

const rejected = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    if (error instanceof VampError) return error.message;
    throw error;
  }
  throw new Error('it was not rejected');
};

describe('a body', () => {
  test.each([
    ['{"a":1e3,\n\t"b":[null,true,"x"]}', { a: 1000, b: [null, true, 'x'] }],
    ['[{"a":1}]', { a: 1 }],
    ['- a: 1', { a: 1 }],
    ['a: 1\na: 2', { a: 2 }],
    ['a: on\nb: 0x10\nc: 010\nd: 1_000\ne: 12:30', { a: true, b: 16, c: 8, d: 1000, e: 750 }],
    ['a: &x {b: 1}\nc: *x', { a: { b: 1 }, c: { b: 1 } }],
    ['<<: {a: 1, b: 2}\nb: 3', { a: 1, b: 3 }],
    ['a: .inf\nb: .nan', { a: '.inf', b: '.nan' }],
    [
      'a: 2026-01-01T12:00:00Z\nb: !!binary aGk=\nc: !!set {x, y}',
      {
        a: '2026-01-01T12:00:00.000Z',
        b: 'aGk=',
        c: ['x', 'y'],
      },
    ],
  ])('%j is read', (text, json) => {
    expect(toJson(parseBody(text))).toEqual(json);
  });

  test.each(['', '  \n', 'text', '5', '[]', '[1]', '[{"a":1},{"b":2}]', 'a: 1\n---\nb: 2', 'null'])(
    '%j is not one object',
    (text) => {
      expect(rejected(() => parseBody(text))).toBe("Unexpected type for path '/'.");
    },
  );

  test.each(['a:\n\tb: 1', '{"a": ', 'a: *nowhere', 'a: [1'])('%j is no YAML', (text) => {
    expect(rejected(() => parseBody(text))).toMatch(/^Error: ./);
  });

  test('may name a member __proto__', () => {
    const json = toJson(parseBody('__proto__: {a: 1}'));
    expect(JSON.stringify(json)).toBe('{"__proto__":{"a":1}}');
  });

  test('with more aliases than anybody writes is rejected', () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const inner = level === 0 ? 'x' : `*l${level - 1}`;
      return `l${level}: &l${level} [${Array.from({ length: 10 }, () => inner).join(', ')}]`;
    });
    expect(rejected(() => parseBody(levels.join('\n')))).toMatch(/^Error: /);
  });
});

describe('an event', () => {
  test.each([
    ['{"tags":["x"],"id":"1"}', 'Unexpected in DSL: {"id":"1"}'],
    ['{"tags":["x"],"b":[1],"a":{"c":null}}', 'Unexpected in DSL: {"b":[1],"a":{"c":null}}'],
    ['{"tags":[]}', 'Publishing an event without tags is not allowed.'],
    ['{"tags":null}', "Can't find any value for path: /tags"],
    ['{"tags":[5]}', "Unexpected type for path 'tags'."],
    ['{"tags":{"a":1}}', "Unexpected type for path 'tags'."],
    [
      '{"tags":["x"],"type":"a.b"}',
      "Unsupported event type 'a.b', only alphanumerics, '-' and '_' are allowed.",
    ],
    [
      '{"tags":["x"],"type":"é"}',
      "Unsupported event type 'é', only alphanumerics, '-' and '_' are allowed.",
    ],
    [
      '{"tags":["x"],"type":"a\\n"}',
      "Unsupported event type 'a\n', only alphanumerics, '-' and '_' are allowed.",
    ],
    [
      'tags: x\ntimestamp: 2026-01-01T12:00:00Z',
      "Event timestamp cannot be parsed: 'Thu Jan 01 12:00:00 UTC 2026'.",
    ],
    [
      '{"tags":["x"],"timestamp":1767268800000}',
      "Event timestamp cannot be parsed: '1767268800000'.",
    ],
    ['{"tags":[],"timestamp":"now"}', "Event timestamp cannot be parsed: 'now'."],
  ])('%s is rejected', (body, message) => {
    expect(rejected(() => readEvent(body))).toBe(message);
  });

  test('may have any value and a version, and its tags are a set', () => {
    const body = '{"tags":["b","a","b"],"version":1,"value":[{"a":1},{"b":2}],"type":12}';
    expect(readEvent(body)).toEqual({
      version: '1',
      tags: ['b', 'a'],
      value: [{ a: 1 }, { b: 2 }],
      timestamp: null,
      type: '12',
      raw: JSON.parse(body),
    });
  });
});

describe('a query', () => {
  const lenient = { strict: false };
  const strict = { strict: true };

  test('needs no tags, unless Vamp is followed to the letter', () => {
    expect(readQueryBody('{"type":"metrics"}', lenient)).toMatchObject({
      tags: [],
      type: 'metrics',
    });
    expect(rejected(() => readQueryBody('{"type":"metrics"}', strict))).toBe(
      "Can't find any value for path: /tags",
    );
  });

  test.each(['"2015-06-08T10:28:35Z"', '2015-06-08T10:28:35Z', '1433759315000'])(
    'may give an exact timestamp: %s',
    (timestamp) => {
      const body = `tags: []\ntimestamp: ${timestamp}`;
      const { gte, lte } = readQueryBody(body, lenient).timestamp ?? {};
      expect(gte).toBe(lte);
      expect(gte).toMatch(/^(2015-06-08T10:28:35|1433759315000)/);
      expect(rejected(() => readQueryBody(body, strict))).toBe(
        "Can't find a nested element for path 'timestamp'.",
      );
    },
  );

  test.each([
    ['{"tags":[],"aggregator":"count"}', "Can't find a nested element for path 'aggregator'."],
    ['{"tags":[],"timestamp":["now"]}', "Can't find a nested element for path 'timestamp'."],
    [
      '{"tags":[],"timestamp":{"gt":"now","gte":"now"}}',
      "Event query time range is not valid, both 'lt' and 'lte' or 'gt' and 'gte' are not allowed.",
    ],
    [
      '{"tags":[],"timestamp":{"gt":"now","from":1}}',
      'Unexpected in DSL: {"timestamp":{"from":1}}',
    ],
    [
      '{"tags":[],"aggregator":{"type":"SUM","by":1},"x":2}',
      'Unexpected in DSL: {"aggregator":{"by":1},"x":2}',
    ],
  ])('%s is rejected', (body, message) => {
    expect(rejected(() => readQueryBody(body, lenient))).toBe(message);
  });
});
