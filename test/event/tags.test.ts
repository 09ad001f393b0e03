import { expect, test } from 'vitest';
import { expandTags } from '../../src/event/tags.ts';

test.each([
  [[], []],
  [['a'], ['a']],
  [['a:b'], ['a', 'a:b']],
  [['a:b:c'], ['a', 'a:b:c']],
  [
    ['a:b', 'a:c', 'a', 'a:b'],
    ['a', 'a:b', 'a:c'],
  ],
  [
    ['a:b', 'a'],
    ['a', 'a:b'],
  ],
  [[':x'], [':x']],
  [['x:'], ['x', 'x:']],
  [['größe:ü'], ['größe', 'größe:ü']],
])('%j is kept as %j', (tags, expanded) => {
  expect(expandTags(tags)).toEqual(expanded);
});
