import { expect, test } from 'vitest';
import { isNestedDeeper, maxDocumentDepth } from '../../src/event/json-depth.ts';

const arrays = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const objects = (levels: number): string => '{"a":'.repeat(levels) + 1 + '}'.repeat(levels);

test.each([
  ['nothing', '', false],
  ['a scalar', '1', false],
  ['arrays at the limit', arrays(5), false],
  ['arrays beyond the limit', arrays(6), true],
  ['objects at the limit', objects(5), false],
  ['objects beyond the limit', objects(6), true],
  ['many short arrays', `[${'[],'.repeat(100)}1]`, false],
  ['brackets in a string', `["${'['.repeat(100)}"]`, false],
  ['brackets after an escaped quote', `["\\"${'['.repeat(100)}"]`, false],
  ['brackets after an escaped backslash', `["\\\\", ${arrays(6)}]`, true],
  ['brackets in a string without an end', `["${'['.repeat(100)}`, false],
  ['brackets that are never closed', '['.repeat(6), true],
  ['more brackets closed than opened', `${']'.repeat(100)}${'['.repeat(5)}`, false],
])('%s', (_name, json, expected) => {
  expect(isNestedDeeper(json, 5)).toBe(expected);
});

test('a document may have 500 levels', () => {
  expect(isNestedDeeper(arrays(maxDocumentDepth))).toBe(false);
  expect(isNestedDeeper(arrays(maxDocumentDepth + 1))).toBe(true);
});

test.each([
  ['quotes', '"'],
  ['backslashes', '\\'],
  ['escaped quotes', '\\"'],
  ['objects', '{"a":"b"},'],
])('16 MiB of %s are read in one pass, within the time of a test', (_name, part) => {
  expect(isNestedDeeper(`["${part.repeat((16 * 1024 * 1024) / part.length)}`)).toBe(false);
});
