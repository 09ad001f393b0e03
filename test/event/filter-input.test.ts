import { describe, expect, test } from 'vitest';
import { type FilterInput, parseFilter, parseId } from '../../src/event/filter-input.ts';
import { InputError } from '../../src/event/input-error.ts';
import { parseInstant } from '../../src/event/instant.ts';

const now = parseInstant('2026-11-20T08:15:30Z');
const parse = (input: FilterInput) => parseFilter(input, { now, path: ['filter'] });

const id = '0192f0c4-5d1e-7c3b-8a7d-1f2e3d4c5b6a';

describe('parseFilter', () => {
  test('a field that is absent or null is absent from the filter', () => {
    expect(parse({})).toEqual({});
    const nulls = { ids: null, types: null, time: null, ended: null, traits: null, not: null };
    expect(Object.keys(parse(nulls))).toEqual([]);
  });

  test('reads every field', () => {
    const filter = parse({
      ids: [id.toUpperCase()],
      namespaces: ['default'],
      categories: ['Volume'],
      actions: ['Create'],
      types: ['Volume.*', 'Pool.Create', '!*.Delete', '!Volume.Create'],
      topics: ['Volume', 'Volume:a:b', '*:k', '*', 'Volume:*'],
      keys: ['k'],
      tags: ['a:b'],
      anyTags: ['c'],
      severities: ['ERROR'],
      source: { node: 'n', plane: 'DATA_PLANE', layer: null },
      time: { gte: 'now-1h', lt: 'now' },
      ended: false,
      traits: [
        { name: 'a', op: 'EXISTS' },
        { name: 'b', value: { text: 'x', int: null } },
        { name: 'c', op: null, value: { int: -5 } },
        { name: 'd', op: 'GTE', value: { float: 0.5 } },
        { name: 'e', op: 'LT', value: { dateTime: '1970-01-01T00:00:01+00:00' } },
        { name: 'f', op: 'PREFIX', value: { text: '' } },
      ],
      dialects: ['MAYASTOR'],
      any: [{ keys: ['x'] }, {}],
      not: { ended: true },
    });
    expect(filter).toEqual({
      ids: [id],
      namespaces: ['default'],
      categories: ['Volume'],
      actions: ['Create'],
      types: {
        exact: ['Pool.Create'],
        globs: ['Volume.*'],
        notExact: ['Volume.Create'],
        notGlobs: ['*.Delete'],
      },
      topics: [
        { category: 'Volume', key: null },
        { category: 'Volume', key: 'a:b' },
        { category: null, key: 'k' },
        { category: null, key: null },
        { category: 'Volume', key: null },
      ],
      keys: ['k'],
      tags: ['a:b'],
      anyTags: ['c'],
      severities: ['ERROR'],
      source: { node: 'n', plane: 'DATA_PLANE' },
      time: { from: now - 3_600_000_000, to: now - 1 },
      ended: false,
      traits: [
        { name: 'a', op: 'EXISTS' },
        { name: 'b', op: 'EQ', operand: { type: 'TEXT', value: 'x' } },
        { name: 'c', op: 'EQ', operand: { type: 'INT', value: -5 } },
        { name: 'd', op: 'GTE', operand: { type: 'FLOAT', value: 0.5 } },
        { name: 'e', op: 'LT', operand: { type: 'DATETIME', value: 1_000_000 } },
        { name: 'f', op: 'PREFIX', operand: { type: 'TEXT', value: '' } },
      ],
      dialects: ['MAYASTOR'],
      any: [{ keys: ['x'] }, {}],
      not: { ended: true },
    });
  });

  test('exclusions alone match every other type, and an empty list matches none', () => {
    const none = { exact: [], globs: [], notExact: [], notGlobs: [] };
    expect(parse({ types: ['!a'] }).types).toEqual({ ...none, globs: ['*'], notExact: ['a'] });
    expect(parse({ types: [] }).types).toEqual(none);
  });

  test('halves of characters are replaced, as they are in events', () => {
    expect(parse({ keys: ['a\ud800', '😀'] }).keys).toEqual(['a\ufffd', '😀']);
  });

  test('eight levels of any and not, no more', () => {
    const nest = (levels: number): FilterInput => {
      if (levels === 0) return {};
      return levels % 2 === 1 ? { not: nest(levels - 1) } : { any: [nest(levels - 1)] };
    };
    expect(() => parse(nest(8))).not.toThrow();
    expect(() => parse(nest(9))).toThrow('at most 8 levels');
    expect(() => parseFilter(nest(3), { now, path: [], maxDepth: 2 })).toThrow('at most 2 levels');
  });

  test.each<[string, FilterInput, string]>([
    ['ids.1', { ids: [id, 'x'] }, 'is not a UUID'],
    ['types.0', { types: ['[a'] }, 'has a [ without'],
    ['types.0', { types: ['![a'] }, 'has a [ without'],
    ['types.0', { types: ['*'.repeat(300)] }, 'at most 256'],
    ['topics.0', { topics: [''] }, 'is not a topic'],
    ['topics.0', { topics: ['a:'] }, 'is not a topic'],
    ['topics.0', { topics: [':k'] }, 'is not a topic'],
    ['keys', { keys: Array(1_001).fill('k') }, 'at most 1000'],
    ['all', { all: Array(257).fill({}) }, 'at most 256 filters, got 257'],
    ['any', { all: Array(200).fill({}), any: Array(57).fill({}) }, 'at most 256 filters, got 257'],
    ['tags.0', { tags: ['a\0b'] }, 'NUL'],
    ['source.node', { source: { node: '\0' } }, 'NUL'],
    ['time.lt', { time: { lt: 'now', lte: 'now' } }, 'not both'],
    ['time.gte', { time: { gte: 'soon' } }, 'is not a time'],
    ['traits.0.value', { traits: [{ name: 'a' }] }, 'needs a value'],
    ['traits.0.value', { traits: [{ name: 'a', op: 'EXISTS', value: { int: 1 } }] }, 'takes no'],
    ['traits.0.value', { traits: [{ name: 'a', value: {} }] }, 'exactly one'],
    ['traits.0.value', { traits: [{ name: 'a', value: { int: 1, text: '' } }] }, 'exactly one'],
    ['traits.0.op', { traits: [{ name: 'a', op: 'PREFIX', value: { int: 1 } }] }, 'is for text'],
    ['traits.0.value.int', { traits: [{ name: 'a', value: { int: 0.5 } }] }, 'not an integer'],
    ['traits.0.value.float', { traits: [{ name: 'a', value: { float: Infinity } }] }, 'finite'],
    ['traits.0.value.dateTime', { traits: [{ name: 'a', value: { dateTime: 'x' } }] }, 'RFC 3339'],
    ['any.1.not.keys.0', { any: [{}, { not: { keys: ['\0'] } }] }, 'NUL'],
  ])('rejects %s', (path, input, reason) => {
    expect(() => parse(input)).toThrow(InputError);
    expect(() => parse(input)).toThrow(reason);
    expect(() => parse(input)).toThrow(
      expect.objectContaining({ argument: ['filter', ...path.split('.')] }),
    );
  });
});

test('an id is a UUID of any version', () => {
  expect(parseId('F47AC10B-58CC-4372-A567-0E02B2C3D479', ['id'])).toBe(
    'f47ac10b-58cc-4372-a567-0e02b2c3d479',
  );
  for (const text of ['', `{${id}}`, id.replaceAll('-', ''), `${id}\n`]) {
    expect(() => parseId(text, ['id'])).toThrow(expect.objectContaining({ argument: ['id'] }));
  }
});
