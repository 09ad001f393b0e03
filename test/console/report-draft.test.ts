import { expect, test } from 'vitest';
import { eventInputOf, newReport } from '../../src/console/report-draft.ts';

test('only what is filled in is reported, with traits of the type that they look like', () => {
  expect(eventInputOf({ ...newReport, type: 'A.B' })).toEqual({
    type: 'A.B',
    namespace: 'default',
    severity: 'NORMAL',
  });
  const event = eventInputOf({
    ...newReport,
    type: 'A.B',
    severity: 'ERROR',
    tags: 'pool:gold, a ,',
    service: ' csi ',
    time: '2026-11-20T08:15:00Z',
    traits: 'size=20\nratio=0.5\n\nversion="10"\nname=a=b',
    value: '{"a":[1]}',
  });
  expect(event).toMatchObject({
    severity: 'ERROR',
    tags: ['pool:gold', 'a'],
    source: { service: 'csi' },
    time: '2026-11-20T08:15:00.000Z',
    traits: [
      { name: 'size', value: { int: 20 } },
      { name: 'ratio', value: { float: 0.5 } },
      { name: 'version', value: { text: '10' } },
      { name: 'name', value: { text: 'a=b' } },
    ],
    value: { a: [1] },
  });
});

test.each([
  [{ traits: 'size' }, 'write name=value'],
  [{ value: '{' }, 'not JSON'],
  [{ endTime: 'noon' }, 'Ended: "noon" is not a time.'],
])('%j is rejected', (typed, reason) => {
  expect(() => eventInputOf({ ...newReport, ...typed })).toThrow(reason);
});
