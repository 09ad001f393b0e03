import { expect, test } from 'vitest';
import { askedTopics } from '../../../src/dialects/nomad/asked-topics.ts';

const web = {
  topic: 'Job',
  type: '',
  key: 'web',
  namespace: '',
  filterKeys: [],
  payload: null,
  raw: null,
};
const alloc = { ...web, topic: 'Allocation', key: 'a', filterKeys: ['web', ''] };
const node = { ...web, topic: 'Node', key: 'n' };
const events = [web, alloc, node];

test.each([
  [[], [], events],
  [['*'], [], events],
  [['Job', '*:*'], [], events],
  [['Job', 'Job:*', 'Job:web'], ['Job:*'], [web]],
  [['Job:web', 'Job:web'], ['Job:web'], [web]],
  [['*:web'], ['*:web'], [web, alloc]],
  [['*:web', 'Node'], [], events],
  [['*:web', 'Node:*', 'Node:x'], [], events],
  [['*:web', 'Node:n'], ['*:web', 'Node:n'], events],
  [['Allocation:'], ['Allocation:'], [alloc]],
  [['job'], ['job:*'], []],
])('%j is asked for as %j', (topics, parameters, wanted) => {
  const asked = askedTopics(topics);
  expect(asked.parameters).toEqual(parameters);
  expect(events.filter(asked.wants)).toEqual(wanted);
});
