import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  complete,
  type IndexedReport,
  maxReports,
  ofOwner,
  sameReport,
  withReport,
} from '../../src/event/completion.ts';
import type { Event, Report } from '../../src/event/event.ts';
import { report as reportOf } from '../journal/report.ts';

const second = 1_000_000;
const id = '0192f0c4-5d1e-7c3b-8a7d-1f2e3d4c5b6a';

/** A report of one event, at the beginning of time. */
const report = (said: Partial<Report>): Report => reportOf({ id, time: 0, recordedAt: 0, ...said });

const start = report({
  category: 'Service',
  action: 'Upgrade',
  message: 'begins',
  time: 10 * second,
  tags: ['a'],
  traits: [{ name: 'from', type: 'TEXT', value: 'v1' }],
});
const end = report({
  message: 'done',
  severity: 'ERROR',
  time: 20 * second,
  endTime: 20 * second,
  tags: ['b', 'a'],
  traits: [{ name: 'to', type: 'TEXT', value: 'v2' }],
});

/** What is the same whichever report came first: all but the order within the united lists. */
const said = ({ tags, filterKeys, traits, ...event }: Event) => ({
  ...event,
  tags: tags.toSorted(),
  filterKeys: filterKeys.toSorted(),
  traits: traits.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
});

describe('complete', () => {
  test('an end completes its start', () => {
    expect(
      complete([
        { index: 1, report: start },
        { index: 2, report: end },
      ]),
    ).toMatchObject({
      index: 2,
      category: 'Service',
      action: 'Upgrade',
      severity: 'ERROR',
      message: 'done',
      time: 10 * second,
      endTime: 20 * second,
      tags: ['a', 'b'],
      traits: [{ name: 'from' }, { name: 'to' }],
    });
  });

  test('an end that arrives first is completed by its start to the same event', () => {
    const inOrder = complete([
      { index: 1, report: start },
      { index: 2, report: end },
    ]);
    const reversed = complete([
      { index: 1, report: end },
      { index: 2, report: start },
    ]);
    expect(said(reversed)).toEqual(said(inOrder));
  });

  test('between reports of one moment the journal decides', () => {
    const first = report({ message: 'one', time: second });
    const then = report({ message: 'two', time: second });
    expect(
      complete([
        { index: 8, report: then },
        { index: 7, report: first },
      ]).message,
    ).toBe('two');
  });

  test('a later report keeps the fields that it leaves out', () => {
    const event = complete([
      {
        index: 1,
        report: report({ ...start, severity: 'ERROR', key: 'k', value: 7 }),
      },
      { index: 2, report: report({ time: 11 * second }) },
    ]);
    expect(event).toMatchObject({
      severity: 'ERROR',
      key: 'k',
      value: 7,
      message: 'begins',
    });
  });

  test('any number of reports make the same event in any order of arrival', () => {
    const reports = fc.uniqueArray(
      fc
        .record({
          time: fc.integer({ min: 0, max: 1000 }),
          length: fc.option(fc.integer({ min: 0, max: 1000 })),
          message: fc.option(fc.constantFrom('x', 'y', 'z')),
          severity: fc.option(fc.constantFrom('NORMAL' as const, 'ERROR' as const)),
          value: fc.option(fc.integer()),
          tags: fc.array(fc.constantFrom('a', 'b', 'c')),
          key: fc.option(fc.constantFrom('k', 'l')),
        })
        .map(({ length, ...fields }) =>
          report({ ...fields, endTime: length === null ? null : fields.time + length }),
        ),
      // Reports of one moment have no order but that of the journal.
      { minLength: 1, maxLength: 6, selector: ({ time, endTime }) => endTime ?? time },
    );
    const shuffled = reports.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    const arrive = (list: readonly Report[]) =>
      complete(
        list.reduce<readonly IndexedReport[]>(
          (known, each, position) => after(known, { index: position + 1, report: each }),
          [],
        ),
      );
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        expect(said(arrive(other))).toEqual(said(arrive(list)));
      }),
    );
  });
});

/** The reports after one more, which may change nothing. */
function after(known: readonly IndexedReport[], next: IndexedReport): readonly IndexedReport[] {
  const result = withReport(known, next);
  return typeof result === 'string' ? known : result;
}

describe('withReport', () => {
  test('a repeat changes nothing, whenever it was recorded', () => {
    const again = { ...start, recordedAt: 99, value: null };
    const known = [{ index: 1, report: start }];
    expect(withReport(known, { index: 2, report: again })).toBe('DUPLICATE');
  });

  test('a redelivery under the same index changes nothing', () => {
    expect(withReport([{ index: 1, report: start }], { index: 1, report: end })).toBe('DUPLICATE');
  });

  test.each([
    ['another namespace', 'default', 'other'],
    ['the default one where the first report has another', 'other', 'default'],
  ])('a report of %s is in conflict, whatever its time and content', (_, first, second) => {
    const known = [{ index: 1, report: { ...end, namespace: first } }];
    for (const later of [start, end]) {
      const next = { index: 2, report: { ...later, namespace: second } };
      expect(withReport(known, next)).toBe('CONFLICT');
    }
  });

  test('keeps a bounded number of reports and all of their content', () => {
    const many = Array.from({ length: maxReports + 20 }, (_, n) =>
      report({ time: n * second, traits: [{ name: `t${n}`, type: 'INT', value: n }] }),
    );
    const known = many.reduce<readonly IndexedReport[]>(
      (all, each, n) => after(all, { index: n + 1, report: each }),
      [],
    );
    expect(known).toHaveLength(maxReports);
    expect(complete(known)).toMatchObject({ index: maxReports + 20, time: 0 });
    expect(complete(known).traits).toHaveLength(maxReports + 20);
  });
});

test('of the reports of an id, those of the namespace of the lowest index are kept', () => {
  const of = (index: number, namespace: string) => ({ index, report: report({ namespace }) });
  expect(ofOwner([of(9, 'b'), of(3, 'a'), of(12, 'a'), of(4, 'b')])).toEqual([
    of(3, 'a'),
    of(12, 'a'),
  ]);
  expect(ofOwner([])).toEqual([]);
});

test('two objects that differ in the order of members say the same', () => {
  expect(
    sameReport(
      report({ value: { a: 1, b: [{ c: 2, d: 3 }] } }),
      report({ value: { b: [{ d: 3, c: 2 }], a: 1 } }),
    ),
  ).toBe(true);
});
