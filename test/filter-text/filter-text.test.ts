import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EventFilter } from '../../src/client/schema.generated.ts';
import { type FilterInput, parseFilter } from '../../src/event/filter-input.ts';
import { matchesFilter } from '../../src/event/matcher.ts';
import { completeFilterText } from '../../src/filter-text/complete.ts';
import { termsOfFilter } from '../../src/filter-text/from-filter.ts';
import { isExclusion, parseFilterText } from '../../src/filter-text/parse.ts';
import { printFilterText } from '../../src/filter-text/print.ts';
import { FilterTextError } from '../../src/filter-text/term.ts';
import { filterOfTerms } from '../../src/filter-text/to-filter.ts';
import { events, filterInputs, someday } from '../event/arbitraries.ts';

const filterOf = (text: string): EventFilter => filterOfTerms(parseFilterText(text));
const printed = (text: string): string => printFilterText(parseFilterText(text));
const parsed = (filter: EventFilter) =>
  parseFilter(filter as FilterInput, { now: someday, path: [], maxDepth: 16 });

function faultOf(text: string): string {
  try {
    parseFilterText(text);
  } catch (error) {
    if (error instanceof FilterTextError) return `${error.from}-${error.to} ${error.message}`;
    throw error;
  }
  throw new Error(`${text} is read`);
}

describe('a filter string becomes a filter of the API', () => {
  test.each<[string, EventFilter]>([
    ['', {}],
    ['type:Volume.*', { types: ['Volume.*'] }],
    ['type:Volume.*,Node.*', { types: ['Volume.*', 'Node.*'] }],
    ['type:A type:B', { types: ['A', 'B'] }],
    ['severity:error', { severities: ['ERROR'] }],
    ['severity:ERROR,normal', { severities: ['ERROR', 'NORMAL'] }],
    ['ns:prod namespace:test', { namespaces: ['prod', 'test'] }],
    ['tag:a tag:b:c', { tags: ['a', 'b:c'] }],
    ['tag:a,b', { anyTags: ['a', 'b'] }],
    ['tag:a,b tag:c,d tag:e', { anyTags: ['a', 'b'], all: [{ anyTags: ['c', 'd'] }], tags: ['e'] }],
    ['tag:env=prod', { tags: ['env=prod'] }],
    ['topic:Volume:vol-1', { topics: ['Volume:vol-1'] }],
    ['service:web node:n1', { source: { service: 'web', node: 'n1' } }],
    ['node:n1,n2', { any: [{ source: { node: 'n1' } }, { source: { node: 'n2' } }] }],
    ['plane:data', { source: { plane: 'DATA_PLANE' } }],
    ['plane:DATA_PLANE', { source: { plane: 'DATA_PLANE' } }],
    ['dialect:nomad', { dialects: ['NOMAD'] }],
    ['ended:false', { ended: false }],
    ['key:"a b",c', { keys: ['a b', 'c'] }],
    ['key:"a\\"b\\\\c"', { keys: ['a"b\\c'] }],
    ['-key:web', { not: { keys: ['web'] } }],
    ['-key:web -type:A', { not: { any: [{ keys: ['web'] }, { types: ['A'] }] } }],
    ['trait.size>10', { traits: [{ name: 'size', op: 'GT', value: { int: 10 } }] }],
    ['trait.size>=1.5', { traits: [{ name: 'size', op: 'GTE', value: { float: 1.5 } }] }],
    ['trait.size:10', { traits: [{ name: 'size', op: 'EQ', value: { int: 10 } }] }],
    ['trait.size="10"', { traits: [{ name: 'size', op: 'EQ', value: { text: '10' } }] }],
    ['trait.a.b^=10', { traits: [{ name: 'a.b', op: 'PREFIX', value: { text: '10' } }] }],
    ['trait.a*=x', { traits: [{ name: 'a', op: 'CONTAINS', value: { text: 'x' } }] }],
    ['trait.a', { traits: [{ name: 'a', op: 'EXISTS' }] }],
    ['trait."a b"!=x', { traits: [{ name: 'a b', op: 'NE', value: { text: 'x' } }] }],
    [
      'trait.at<2026-11-20T08:15:30Z',
      { traits: [{ name: 'at', op: 'LT', value: { dateTime: '2026-11-20T08:15:30Z' } }] },
    ],
    [
      'trait.pool:gold,silver',
      {
        any: [
          { traits: [{ name: 'pool', op: 'EQ', value: { text: 'gold' } }] },
          { traits: [{ name: 'pool', op: 'EQ', value: { text: 'silver' } }] },
        ],
      },
    ],
    [
      'trait.n:99999999999999999999',
      { traits: [{ name: 'n', op: 'EQ', value: { text: '99999999999999999999' } }] },
    ],
    ['since:1h', { time: { gte: 'now-1h' } }],
    ['since:2026-11-20 until:2026-11-21', { time: { gte: '2026-11-20', lte: '2026-11-21' } }],
    ['time>2026-11 time<now/d', { time: { gt: '2026-11', lt: 'now/d' } }],
    ['(type:A OR tag:b) key:c', { any: [{ types: ['A'] }, { tags: ['b'] }], keys: ['c'] }],
    ['type:A OR tag:b', { any: [{ types: ['A'] }, { tags: ['b'] }] }],
    ['(type:A) (type:B)', { all: [{ types: ['A'] }, { types: ['B'] }] }],
    ['-(type:A key:b)', { not: { all: [{ types: ['A'], keys: ['b'] }] } }],
  ])('%s', (text, filter) => {
    expect(filterOf(text)).toEqual(filter);
    expect(filterOf(printed(text))).toEqual(filter);
  });

  test('a word finds keys, tags, parts of types and places; in quotes * and ? are themselves', () => {
    const places = (text: string) => [
      { source: { service: text } },
      { source: { instance: text } },
      { source: { node: text } },
    ];
    const word = (text: string, type: string) => ({
      any: [{ keys: [text] }, { tags: [text] }, { types: [type] }, ...places(text)],
    });
    expect(filterOf('web')).toEqual(word('web', '*[wW][eE][bB]*'));
    expect(filterOf('Vol*')).toEqual(word('Vol*', 'Vol*'));
    expect(filterOf('"a 1*"')).toEqual(word('a 1*', '*[aA] 1[*]*'));
    const long = 'x'.repeat(200);
    expect(filterOf(long)).toEqual(word(long, `*${long}*`));
    const id = '0192f0c4-5d1e-7c3b-8a7d-1f2e3d4c5b6a';
    expect(filterOf(id).any).toContainEqual({ ids: [id] });
    expect(filterOf('a=b 12:30')).toMatchObject({
      any: expect.anything(),
      all: [expect.anything()],
    });
  });
});

describe('a filter string that cannot be read', () => {
  test.each([
    ['kee:web', '0-3 There is no field kee: '],
    ['type:A key:', '11-11 key: needs a value right after it.'],
    ['key:a, tag:b', '6-7 A comma needs a value right after it.'],
    ['severity:warn', '9-13 severity is one of normal, error, not "warn".'],
    ['id:7', '3-4 id is a UUID, not "7".'],
    ['"open', '0-1 There is no second " for this one.'],
    ['type:A (key:b', '7-8 There is no ) for this (.'],
    ['type:A)', '6-7 There is no ( for this ).'],
    ['a OR', '2-4 OR needs something after it.'],
    ['OR a', '0-2 OR needs something before it.'],
    ['type:A - key', '7-8 A minus needs what to exclude right after it: -key:web.'],
    ['since:yesterday', '6-15 "yesterday" is not a time: '],
    ['since:1h since:2h', '9-17 The beginning of the time is given twice.'],
    ['key>a', '0-4 key takes a colon: key:value.'],
    ['trait.>1', '5-6 trait. needs the name of a trait: trait.size>10.'],
    ['key:a"b"', '5-6 Put a space here, or the whole value in quotes.'],
    ['x'.repeat(201), '0-201 A word has at most 200 characters, not 201.'],
    ['('.repeat(17), '16-17 Parentheses may be 16 deep.'],
    ['x '.repeat(5_001), '10000-10002 A filter has at most 10000 characters, not 10002.'],
  ])('%s', (text, fault) => {
    expect(faultOf(text)).toContain(fault);
  });

  test('whatever it is, the fault lies within it', () => {
    const pieces = fc.constantFrom(
      'type:',
      'A',
      '"',
      '(',
      ')',
      ' ',
      '-',
      ',',
      'OR',
      'trait.',
      '>',
      'since:',
      '1h',
      '\\',
    );
    fc.assert(
      fc.property(
        fc.array(pieces).map((parts) => parts.join('')),
        (text) => {
          try {
            parseFilterText(text);
          } catch (error) {
            if (!(error instanceof FilterTextError)) throw error;
            expect(error.from).toBeGreaterThanOrEqual(0);
            expect(error.to).toBeGreaterThanOrEqual(error.from);
            expect(error.to).toBeLessThanOrEqual(text.length);
          }
        },
      ),
    );
  });
});

test('any filter of the API is printed as a string that means the same', () => {
  fc.assert(
    fc.property(filterInputs, fc.array(events, { minLength: 1, maxLength: 20 }), (input, given) => {
      const text = printFilterText(termsOfFilter(input as EventFilter));
      const before = parsed(input as EventFilter);
      const after = parsed(filterOf(text));
      for (const event of given) {
        expect([text, matchesFilter(after, event)]).toEqual([text, matchesFilter(before, event)]);
      }
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['type:Volume.* severity:error', 'type:Volume.* severity:error'],
  ['  key:"plain"   tag:"a b" ', 'key:plain tag:"a b"'],
  ['trait.a:"10" trait.b=5.0', 'trait.a:"10" trait.b:5.0'],
  ['since:1h until:2026-11-21', 'since:1h until:2026-11-21'],
  ['plane:CONTROL_PLANE namespace:x', 'plane:control ns:x'],
  ['-(a OR b) "c d" -e', '-(a OR b) "c d" -e'],
])('%s is printed as %s', (text, expected) => {
  expect(printed(text)).toBe(expected);
});

describe('completion', () => {
  test.each<[string, object]>([
    ['', { from: 0, to: 0, expects: 'FIELD', prefix: '' }],
    ['se', { from: 0, to: 2, expects: 'FIELD', options: ['severity:', 'service:'] }],
    ['type:A -se', { from: 8, to: 10, expects: 'FIELD', options: ['severity:', 'service:'] }],
    ['severity:e', { from: 9, to: 10, expects: 'severity', options: ['error'] }],
    ['severity:normal,', { from: 16, to: 16, options: ['normal', 'error'] }],
    ['(type:Vol', { from: 6, to: 9, expects: 'type', prefix: 'Vol', options: [] }],
    ['namespace:p', { expects: 'ns', prefix: 'p' }],
    ['key:"a b', { from: 5, expects: 'key', prefix: 'a b' }],
    ['trait.si', { from: 6, expects: 'TRAIT', prefix: 'si' }],
    ['since:', { expects: 'since', options: expect.arrayContaining(['1h']) }],
  ])('after %j', (text, expected) => {
    expect(completeFilterText(text, text.length)).toMatchObject(expected);
  });
});

test.each([
  ['-key:web', true],
  ['-trait.size>10', true],
  ['-(a OR b)', true],
  ['-o', false],
  ['-ojson', false],
  ['--key', false],
])('%s is an exclusion: %s', (argument, expected) => {
  expect(isExclusion(argument)).toBe(expected);
});
