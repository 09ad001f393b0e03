import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonError, readJson } from '../../../src/dialects/ceilometer/json.ts';
import { repr } from '../../../src/dialects/ceilometer/python/text.ts';

describe('numbers stay what Python reads', () => {
  test.each([
    ['1', '1'],
    ['1.0', '1.0'],
    ['[1.0, 1]', '[1.0, 1]'],
    ['{"a":1e16,"b" : 1e-7}', "{'a': 1e+16, 'b': 1e-07}"],
    ['9007199254740993', '9007199254740993'],
    ['-0', '0'],
    ['-0.0', '-0.0'],
    ['[NaN, Infinity, -Infinity]', '[nan, inf, -inf]'],
    ['1e999', 'inf'],
    ['123456789012345680.0', '1.2345678901234568e+17'],
  ])('%s', (json, text) => {
    expect(repr(readJson(json))).toBe(text);
  });
});

test.each([
  ['{"b": 1, "10": 2, "a": 3}', "{'b': 1, '10': 2, 'a': 3}"],
  ['{"a": 1, "2": 2, "a": 3}', "{'a': 3, '2': 2}"],
  ['{"__proto__": {"x": 1.0}, "1": 2}', "{'__proto__': {'x': 1.0}, '1': 2}"],
])('members stay in their order: %s', (json, text) => {
  expect(repr(readJson(json))).toBe(text);
});

test.each([
  '',
  '{',
  '[1,]',
  '{"a" 1}',
  '{,}',
  '[1 2]',
  '01',
  '1.',
  '"\u0001"',
  '"a',
  'nul',
  '1 2',
  "{'a': 1}",
  '\ufeff1',
  '"\\x"',
  `${'['.repeat(1000)}1.0`,
  '9'.repeat(5000),
])('no JSON: %.20j', (text) => {
  expect(() => readJson(text)).toThrow(JsonError);
});

test('whatever JSON.parse reads without loss is read the same', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      // With a float and a member named 0 in it, it is read with care.
      const careful = readJson(`{"b": 1.5, "0": ${json}}`) as Record<string, unknown>;
      expect(repr(careful['0'] as never)).toBe(repr(readJson(json)));
      if (!/[.eE]|\d{16}|"\d+"/.test(json)) expect(readJson(json)).toEqual(JSON.parse(json));
    }),
  );
});
