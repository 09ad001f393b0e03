import { expect, test } from 'vitest';
import { type LaneEvent, laneOf, lanesOf } from '../../src/console/lanes.ts';
import { nowhere } from '../../src/event/event.ts';

const startMs = Date.parse('2026-11-20T12:00:00Z');
const at = (seconds: number) => new Date(startMs + seconds * 1_000).toISOString();
const span = { fromMs: startMs, toMs: startMs + 60_000 };

const event = (
  type: string,
  from: number,
  to: number | null,
  more: Partial<LaneEvent> = {},
): LaneEvent => ({
  id: `${type} ${from}`,
  namespace: 'default',
  type,
  severity: 'NORMAL',
  key: null,
  tags: [],
  time: at(from),
  endTime: to === null ? null : at(to),
  source: { ...nowhere, service: 'csi', instance: 'csi-1' },
  ...more,
});

test('lanes are made by source, by field and by group of tags', () => {
  const tagged = event('A.B', 0, null, { tags: ['pool', 'pool:gold'], key: 'a' });
  expect(
    ['source', 'type', 'key', 'namespace', 'tag:pool', 'tag:other'].map((by) => laneOf(tagged, by)),
  ).toEqual(['csi · csi-1', 'A.B', 'a', 'default', 'gold', '–']);
});

test('what lasts is a bar, what goes on is open, and the rest are moments', () => {
  const [lane] = lanesOf(
    [event('A.B', 0, 10), event('A.B', 20, null), event('C.D', 5, null)],
    'source',
    span,
  );
  const kinds = lane?.marks.map(({ event: { id }, kind, toMs }) => [id, kind, toMs - startMs]);
  expect(kinds).toEqual([
    ['A.B 0', 'BAR', 10_000],
    ['C.D 5', 'MOMENT', 5_000],
    ['A.B 20', 'OPEN', 60_000],
  ]);
});

test('bars that overlap are in different rows, below the moments, and rows are used again', () => {
  const [lane] = lanesOf(
    [event('A.B', 0, 10), event('A.B', 5, 15), event('A.B', 10, 20), event('C.D', 7, null)],
    'source',
    span,
  );
  expect(lane?.marks.map(({ row }) => row)).toEqual([1, 2, 0, 1]);
  expect(lane?.rows).toBe(3);
});

test('alarms come first, and go on until they have ended', () => {
  const lanes = lanesOf([event('A.B', 0, null), event('Alarm.x', 3, null)], 'source', span);
  expect(lanes.map(({ name, marks }) => [name, marks[0]?.kind])).toEqual([
    ['Alarms', 'OPEN'],
    ['csi · csi-1', 'MOMENT'],
  ]);
});
