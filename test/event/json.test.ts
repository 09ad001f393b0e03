import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/event/event.ts';
import {
  integerTrait,
  markBigint,
  parseJson,
  stringifyJson,
  unmarked,
} from '../../src/event/json.ts';
import { decodeReport, encodeReport } from '../../src/event/report-json.ts';
import { report } from '../journal/report.ts';

/** JSON strings with integers of any length among their numbers. */
const leaf = fc.oneof(
  fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(String),
  fc.maxSafeInteger().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => JSON.stringify(number)),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  fc.constantFrom('null', 'true', 'false', '""', '":12345678901234567"', '"\\":99999999999999999"'),
);
const { tree: jsonText } = fc.letrec((tie) => ({
  tree: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('list'), tie('object')),
  list: fc.array(tie('tree')).map((items) => `[ ${items.join(' , ')} ]`),
  object: fc
    .dictionary(fc.string(), tie('tree'))
    .map(
      (members) =>
        `{${Object.entries(members).map(([name, text]) => `${JSON.stringify(name)}: ${text}`)}}`,
    ),
})) as { tree: fc.Arbitrary<string> };

/** All numbers in a JSON string, each as written. */
const numbersIn = (text: string) =>
  text.replace(/"(?:[^"\\]|\\.)*"/gs, '""').match(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g) ?? [];
const isInteger = (number: string) => /^-?\d+$/.test(number) && number !== '-0';

/** The digits of the whole numbers. JavaScript writes those from 1e+21 with an exponent where its shortest form has all their digits. */
const digitsOf = (numbers: readonly string[]): readonly string[] =>
  numbers
    .flatMap((number) => {
      const [, whole = '', fraction = '', exponent = '0'] =
        /^(-?\d+)(?:\.(\d+))?(?:e\+?(-?\d+))?$/i.exec(number) ?? [];
      const zeros = Number(exponent) - fraction.length;
      return zeros < 0 ? [] : [`${whole}${fraction}${'0'.repeat(zeros)}`];
    })
    .sort();

describe('JSON', () => {
  test('is what JSON.parse reads, but for the digits of large integers', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const rounded = JSON.parse(stringifyJson(parseJson(text)));
        expect(rounded).toEqual(JSON.parse(JSON.stringify(JSON.parse(text))));
      }),
    );
  });

  test('keeps every digit of an integer from text to text', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const written = stringifyJson(parseJson(text));
        // A name that looks like an index changes the order of an object's members.
        const read = numbersIn(text).map((number) =>
          isInteger(number) ? number : JSON.stringify(Number(number)),
        );
        expect(digitsOf(numbersIn(written))).toEqual(digitsOf(read));
        expect(stringifyJson(parseJson(written))).toBe(written);
      }),
    );
  });

  test.each(['1'.padEnd(41, '0'), '-1192092895507812500000000000000000', '1192092895507812500001'])(
    'keeps the digits of %s',
    (text) => {
      expect(digitsOf([stringifyJson(parseJson(text))])).toEqual([text]);
    },
  );

  test('keeps them on the wire of the journal, and through a library that writes JSON itself', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const value = parseJson(text);
        const decoded = decodeReport(encodeReport(report({ value, raw: [value] })));
        expect(decoded).toEqual(report({ ...decoded, value, raw: [value] }));
        expect(unmarked(JSON.stringify(value, markBigint))).toBe(stringifyJson(value));
      }),
    );
  });

  test.each<[string, Json]>([
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['-18446744073709551615', -18446744073709551615n],
    ['750727362669608961', 750727362669608961n],
    ['1000000000000000000', 1e18],
    ['1152921504606846976', 1152921504606846976n],
    ['12345678901234567.5', 12345678901234568],
    ['12345678901234567e3', 12345678901234567000],
    ['[1,{"a":99999999999999999999}]', [1, { a: 99999999999999999999n }]],
    [
      '{"a:12345678901234567":"b:12345678901234567"}',
      { 'a:12345678901234567': 'b:12345678901234567' },
    ],
    [`1${'0'.repeat(300)}`, 1e300],
  ])('%s is read as %s', (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  test('an own member named __proto__ keeps its digits', () => {
    const text = '{"__proto__":12345678901234567}';
    expect(stringifyJson(parseJson(text))).toBe(text);
  });

  test.each([
    '[12345678901234567',
    '{12345678901234567:1}',
    '012345678901234567',
    '1234567890123456789 1',
  ])('%s is no JSON', (text) => expect(() => parseJson(text)).toThrow(SyntaxError));

  test.each([
    ['escaped quotes in a string without an end', `[12345678901234567,"${'\\"'.repeat(500_000)}`],
    ['digits before a fraction', `[${'1'.repeat(1_000_000)}.5]`],
    ['an integer of a million digits', `[${'1'.repeat(1_000_000)}]`],
    ['nesting', `${'['.repeat(100_000)}12345678901234567${']'.repeat(100_000)}`],
  ])('takes time linear in its length: %s', (_, text) => {
    try {
      parseJson(text);
    } catch (error) {
      expect(error).toBeInstanceOf(SyntaxError);
    }
  });
});

test('an integer becomes an INT trait, and one beyond 2^53 a TEXT trait of its digits', () => {
  expect(integerTrait('a', 2 ** 53 - 1)).toEqual({ name: 'a', type: 'INT', value: 2 ** 53 - 1 });
  expect(integerTrait('a', 5n)).toEqual({ name: 'a', type: 'INT', value: 5 });
  expect(integerTrait('a', 18446744073709551615n)).toEqual({
    name: 'a',
    type: 'TEXT',
    value: '18446744073709551615',
  });
});
