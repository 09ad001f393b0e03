import { expect, test } from 'vitest';
import type { SizedReport } from '../../../src/journal/nats/completion.ts';
import { GeneratedIdReports } from '../../../src/journal/nats/generated-id-reports.ts';
import { report } from '../report.ts';

const roomy = { reports: 1_000_000, bytes: Number.MAX_SAFE_INTEGER };

function* parts(from: number, to: number): Generator<SizedReport> {
  for (let index = from; index <= to; index += 1) yield { index, report: report(), size: 100 };
}

function filled(generatedId: GeneratedIdReports, from: number, to: number): readonly SizedReport[] {
  const added = [...parts(from, to)];
  for (const part of added) generatedId.add(part);
  return added;
}

const countIn = (generatedId: GeneratedIdReports, among: readonly SizedReport[]): number =>
  among.filter((part) => generatedId.find(part.report.id) === part).length;

test('a report is found by its id, whether it was added before or after the first that was looked for', () => {
  const generatedId = new GeneratedIdReports(roomy);
  const [before] = filled(generatedId, 1, 1);
  expect(generatedId.find(before?.report.id ?? '')).toBe(before);
  const [after] = filled(generatedId, 2, 2);
  expect(generatedId.find(after?.report.id ?? '')).toBe(after);
  expect(generatedId.find('00000000-0000-4000-8000-000000000000')).toBeUndefined();
});

test('reports that are not stored are kept, whatever their number', () => {
  const generatedId = new GeneratedIdReports(roomy);
  const added: SizedReport[] = [];
  for (let index = 1; index <= 50_000; index += 1_000) {
    added.push(...filled(generatedId, index, index + 999));
    generatedId.stored(7);
  }
  expect(countIn(generatedId, added.slice(7))).toBe(added.length - 7);
});

test('stored reports are forgotten, except the latest few thousand', () => {
  const generatedId = new GeneratedIdReports(roomy);
  const added: SizedReport[] = [];
  for (let index = 1; index <= 50_000; index += 500) {
    added.push(...filled(generatedId, index, index + 499));
    generatedId.stored(index + 499);
    expect(countIn(generatedId, added)).toBeLessThanOrEqual(2 * 8_192);
  }
  expect(countIn(generatedId, added.slice(-8_192))).toBe(8_192);
  expect(countIn(generatedId, added.slice(0, 30_000))).toBe(0);
});

test.each([
  ['number', { ...roomy, reports: 1_000 }],
  ['bytes', { ...roomy, bytes: 100 * 1_000 }],
])(
  'where nothing is stored any more, their %s is bounded: the older half is forgotten',
  (_, bounds) => {
    const generatedId = new GeneratedIdReports(bounds);
    const first = filled(generatedId, 1, 1_000);
    generatedId.stored(0);
    expect(countIn(generatedId, first)).toBe(1_000);
    const last = filled(generatedId, 1_001, 1_001);
    generatedId.stored(0);
    expect(countIn(generatedId, first)).toBe(499);
    expect(countIn(generatedId, last)).toBe(1);
  },
);

test('a report that was taken is not found again, however often its index is rebuilt', () => {
  const generatedId = new GeneratedIdReports(roomy);
  const [first, second] = filled(generatedId, 1, 20_000);
  expect(generatedId.take(first?.report.id ?? '')).toBe(first);
  expect(generatedId.take(first?.report.id ?? '')).toBeUndefined();
  filled(generatedId, 20_001, 40_000);
  generatedId.stored(0);
  expect(generatedId.find(first?.report.id ?? '')).toBeUndefined();
  expect(generatedId.find(second?.report.id ?? '')).toBe(second);
  expect(generatedId.takeAll()).toHaveLength(39_999);
  expect(generatedId.takeAll()).toEqual([]);
});
