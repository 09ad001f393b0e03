import { expect, test } from 'vitest';
import type { Measure } from '../../src/client/schema.generated.ts';
import {
  parseGroups,
  parseMeasure,
  printGroups,
  printMeasure,
} from '../../src/console/grouping.ts';

test('groups are fields, groups of tags and traits, and printed as they are read', () => {
  const groups = parseGroups(' service, tag:pool,trait:size ,ns');
  expect(groups).toEqual([
    { field: 'SERVICE' },
    { tagGroup: 'pool' },
    { trait: 'size' },
    { field: 'NAMESPACE' },
  ]);
  expect(printGroups(groups)).toBe('service, tag:pool, trait:size, ns');
  expect(parseGroups('')).toEqual([]);
});

test.each<readonly [string, Measure | null]>([
  ['duration', { field: 'DURATION' }],
  ['trait:size', { trait: 'size' }],
  ['value', { value: '' }],
  ['value:a.b', { value: 'a.b' }],
  ['', null],
])('the measure %j is printed as it is read', (text, measure) => {
  expect(parseMeasure(text)).toEqual(measure);
  expect(printMeasure(measure)).toBe(text);
});

test('other words are rejected with what may be written', () => {
  expect(() => parseGroups('colour')).toThrow('"colour" is not a way to group');
  expect(() => parseMeasure('trait:')).toThrow('write duration, trait:NAME');
});
