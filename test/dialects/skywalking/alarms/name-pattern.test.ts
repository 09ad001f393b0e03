import { describe, expect, test } from 'vitest';
import {
  NamePatternError,
  namePattern,
} from '../../../../src/dialects/skywalking/alarms/name-pattern.ts';

describe('a pattern of names', () => {
  test.each([
    ['service_.*', 'service_a', true],
    ['service_.*', 'my service_a', false],
    ['a|b', 'a', true],
    ['a|b', 'ab', false],
    ['(prod|stage)-\\d{1,3}( of .+)?', 'prod-12 of shop', true],
    ['[a-z]+ in [A-Z]+', '/pay in SHOP', false],
    ['(?:/[a-z0-9-]*)+', '/a/b', null],
    ['(?<host>[^.]+)\\.example', 'a.example', true],
    ['.', '😀', true],
    ['\\p{Lu}.*', 'Éclair', true],
    ['(a|b)?c', 'bc', true],
    ['x{2,4}', 'xxxxx', false],
    [`(${Array.from({ length: 100 }, (_, n) => `s${n}`).join('|')})-.*`, 's99-x', true],
    ['(GET|POST|PUT|DELETE):/v\\d{1,2}(/[a-z]{1,8})?/.*\\?.*', 'PUT:/v1/users/7?x', true],
    ['a{0}b{3}', 'bbb', true],
    ['instance\\_\\d+', 'instance_12', true],
    ['instance\\_\\d+', 'instance\\_12', false],
    ['[\\_\\-\\:]+ of a\\@b', '_-: of a@b', true],
    ['[]x]+', ']x]', true],
    ['[^]x]+', 'a]', false],
    ['a]b}', 'a]b}', true],
  ])('%s and %s: %s', (source, name, expected) => {
    if (expected === null) expect(() => namePattern(source)).toThrow(NamePatternError);
    else expect(namePattern(source)(name)).toBe(expected);
  });

  test.each([
    ['(a+)+', 'at character 5: a repeat within a repeat could run too long'],
    ['(a*)*b', 'at character 5: a repeat within'],
    ['((a?)b)*', 'at character 8: a repeat within'],
    ['(?:a{2}){3}', 'at character 9: a repeat within'],
    ['(a|a)*', 'at character 6: a repeat of alternatives'],
    ['.*.*.*.*x', 'at character 8: a pattern with more than 3 long repeats'],
    ['.{1,99}.{1,99}.{1,99}.{1,99}', 'at character 23: a pattern with more than 3 long repeats'],
    [
      'a{1,8}'.repeat(9),
      'there are too many repeats and alternatives after each other: it could run too long',
    ],
    ['(a|a)'.repeat(40), 'too many repeats and alternatives'],
    ['a?'.repeat(40) + 'a'.repeat(40), 'too many repeats and alternatives'],
    ['.*(a|b|c)?.*(a|b|c)?.*', 'too many repeats and alternatives'],
    ['(.*)x\\1', 'at character 6: a pattern cannot refer back'],
    ['(?<x>a)\\k<x>', 'at character 8: a pattern cannot refer back'],
    ['(?=a)a', 'at character 1: looking around'],
    ['(?<!a)b', 'at character 1: looking around'],
    ['(?i)b', 'at character 1: looking around and flags'],
    ['a{1000}', 'at character 2: a repeat counts to 256 at most, not 1000'],
    ['a++', 'at character 3: possessive'],
    ['a\\Qb.\\E', 'at character 2: \\Q is not supported'],
    ['[\\h]', 'at character 2: \\h is not supported'],
    ['[a-z[A-Z]]', 'at character 5: a class within a class is not supported'],
    ['[a-z&&b]', 'at character 5: a class within a class is not supported'],
    ['(a', 'at character 1: the parenthesis is not closed'],
    ['a)', 'at character 2: the parenthesis closes nothing'],
    ['[a', 'at character 1: the bracket is not closed'],
    ['a\\', 'at character 2: nothing follows'],
    ['*a', /othing to repeat/],
    ['a'.repeat(2_000), 'at most 1024 characters'],
  ])('%.30s is rejected', (source, reason) => {
    expect(() => namePattern(source)).toThrow(reason);
    expect(() => namePattern(source)).toThrow(NamePatternError);
  });
});
