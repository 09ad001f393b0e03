import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileGlob, globToRegex, isLiteral } from '../../src/event/glob.ts';
import { InputError } from '../../src/event/input-error.ts';
import { endsSoon } from '../steps.ts';

/** Globs made of what is special and what is next to it. */
const globs = fc
  .array(
    fc.constantFrom(
      '*',
      '?',
      'a',
      'b',
      '.',
      '[ab]',
      '[!a]',
      '[a-c]',
      '[]]',
      '[!]-]',
      '[*]',
      '^',
      '$',
      '\\',
      '😀',
      '[😀-😂]',
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));
const strings = fc
  .array(
    fc.constantFrom('a', 'b', 'c', 'd', '.', ']', '*', '-', '^', '$', '\\', '\n', '😀', '😁'),
    { maxLength: 10 },
  )
  .map((parts) => parts.join(''));

describe('a glob', () => {
  test.each<[string, string[], string[]]>([
    ['Volume.Create', ['Volume.Create'], ['volume.create', 'VolumexCreate', 'Volume.Create2']],
    ['Volume.*', ['Volume.', 'Volume.Create', 'Volume.a.b'], ['Volume', 'aVolume.b']],
    ['*', ['', 'a', 'a.b\nc'], []],
    [
      'compute.*.resize.*',
      ['compute.instance.resize.start', 'compute.a.b.resize.'],
      ['compute.resize.start'],
    ],
    ['*.end', ['a.end', 'a.b.end', '.end'], ['end', 'a.end.', 'a.END']],
    ['a*a', ['aa', 'aba', 'aaa'], ['a']],
    ['*a*b*', ['ab', 'xaxbx'], ['ba']],
    ['?', ['a', '😀', '\n'], ['', 'ab']],
    ['a?c', ['abc', 'a.c'], ['ac', 'abbc']],
    ['[a-c_]x', ['ax', 'bx', '_x'], ['dx', '-x']],
    ['[!a-c]x', ['dx', '-x'], ['ax', 'x']],
    ['[]x]', [']', 'x'], ['[', '']],
    ['[!]]', ['x'], [']']],
    ['[a-]', ['a', '-'], ['b']],
    ['[-a]', ['a', '-'], ['b']],
    ['[^a]', ['^', 'a'], ['b']],
    ['[*]', ['*'], ['a']],
    ['a+(b){2}|c$', ['a+(b){2}|c$'], ['aab', 'c']],
    ['\\d', ['\\d'], ['5', 'd']],
    ['', [''], ['a']],
  ])('%j', (glob, matching, others) => {
    const matches = compileGlob(glob);
    expect(matching.filter((text) => !matches(text))).toEqual([]);
    expect(others.filter(matches)).toEqual([]);
  });

  test.each(['[', '[a', 'a[!', '[]', '[!]', '[z-a]'])('%j is rejected', (glob) => {
    const path = ['filter', 'types', '0'];
    expect(() => compileGlob(glob, path)).toThrow(InputError);
    expect(() => globToRegex(glob, path)).toThrow(expect.objectContaining({ argument: path }));
  });

  test('means what its regular expression means', () => {
    fc.assert(
      fc.property(globs, strings, (glob, text) => {
        expect(compileGlob(glob)(text)).toBe(new RegExp(globToRegex(glob), 'su').test(text));
      }),
      { numRuns: 2_000 },
    );
  });

  test('ends where a backtracking matcher would never end', () => {
    const matches = compileGlob(`${'*a'.repeat(100)}*b`);
    expect(endsSoon(() => matches('a'.repeat(500)))).toBe(false);
  });
});

test('only what holds no special character is literal', () => {
  expect(isLiteral('compute.instance-1]')).toBe(true);
  expect(['a*', 'a?', '[a]'].filter(isLiteral)).toEqual([]);
});
