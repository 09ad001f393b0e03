import { expect, test } from 'vitest';
import type { SizedReport } from '../../../src/journal/nats/completion.ts';
import { GeneratedIdReports } from '../../../src/journal/nats/generated-id-reports.ts';
import { report } from '../report.ts';

const roomy = { parts: 1_000_000, bytes: Number.MAX_SAFE_INTEGER };

function* parts(from: number, to: number): Generator<SizedReport> {
  for (let index = from; index <= to; index += 1) yield { index, report: report(), size: 100 };
}

function filled(fresh: GeneratedIdReports, from: number, to: number): readonly SizedReport[] {
  const added = [...parts(from, to)];
  for (const part of added) fresh.add(part);
  return added;
}

const countIn = (fresh: GeneratedIdReports, among: readonly SizedReport[]): number =>
  among.filter((part) => fresh.find(part.report.id) === part).length;

test('a report is found by its id, whether it was added before or after the first that was looked for', () => {
  const fresh = new GeneratedIdReports(roomy);
  const [before] = filled(fresh, 1, 1);
  expect(fresh.find(before?.report.id ?? '')).toBe(before);
  const [after] = filled(fresh, 2, 2);
  expect(fresh.find(after?.report.id ?? '')).toBe(after);
  expect(fresh.find('00000000-0000-4000-8000-000000000000')).toBeUndefined();
});

test('whatever is not stored is kept, however much it is', () => {
  const fresh = new GeneratedIdReports(roomy);
  const added: SizedReport[] = [];
  for (let index = 1; index <= 50_000; index += 1_000) {
    added.push(...filled(fresh, index, index + 999));
    fresh.stored(7);
  }
  expect(countIn(fresh, added.slice(7))).toBe(added.length - 7);
});

test('what is stored is forgotten, but for the latest few thousand', () => {
  const fresh = new GeneratedIdReports(roomy);
  const added: SizedReport[] = [];
  for (let index = 1; index <= 50_000; index += 500) {
    added.push(...filled(fresh, index, index + 499));
    fresh.stored(index + 499);
    expect(countIn(fresh, added)).toBeLessThanOrEqual(2 * 8_192);
  }
  expect(countIn(fresh, added.slice(-8_192))).toBe(8_192);
  expect(countIn(fresh, added.slice(0, 30_000))).toBe(0);
});

test.each([
  ['number', { ...roomy, parts: 1_000 }],
  ['bytes', { ...roomy, bytes: 100 * 1_000 }],
])(
  'where nothing is stored any more, their %s is bounded: the older half is forgotten',
  (_, bounds) => {
    const fresh = new GeneratedIdReports(bounds);
    const first = filled(fresh, 1, 1_000);
    fresh.stored(0);
    expect(countIn(fresh, first)).toBe(1_000);
    const last = filled(fresh, 1_001, 1_001);
    fresh.stored(0);
    expect(countIn(fresh, first)).toBe(499);
    expect(countIn(fresh, last)).toBe(1);
  },
);

test('what was taken is found no more, however often its index is made', () => {
  const fresh = new GeneratedIdReports(roomy);
  const [first, second] = filled(fresh, 1, 20_000);
  expect(fresh.take(first?.report.id ?? '')).toBe(first);
  expect(fresh.take(first?.report.id ?? '')).toBeUndefined();
  filled(fresh, 20_001, 40_000);
  fresh.stored(0);
  expect(fresh.find(first?.report.id ?? '')).toBeUndefined();
  expect(fresh.find(second?.report.id ?? '')).toBe(second);
  expect(fresh.takeAll()).toHaveLength(39_999);
  expect(fresh.takeAll()).toEqual([]);
});
