import { expect, test } from 'vitest';
import { UnstoredReports } from '../../../src/journal/nats/unstored.ts';
import { report } from '../report.ts';

const acknowledged = (index: number, size = 100) => ({
  report: report({ key: String(index) }),
  index,
  size,
  attempts: 0,
});

const filled = (...indexes: number[]) => {
  const unstored = new UnstoredReports();
  for (const index of indexes) unstored.add(acknowledged(index));
  return unstored;
};

const indexesUpTo = (unstored: UnstoredReports, storedIndex: number, limit = 10) =>
  unstored.doubtedUpTo(storedIndex, limit).map(({ index }) => index);

test('without a doubt, reports are forgotten as soon as they are stored', () => {
  const unstored = filled(1, 2, 3);
  expect(indexesUpTo(unstored, 2)).toEqual([]);
  unstored.doubt();
  expect(indexesUpTo(unstored, 3)).toEqual([3]);
});

test('doubted reports are given page by page, once they are stored, and those after them are forgotten', () => {
  const unstored = filled(1, 2, 3, 4);
  unstored.doubt();
  unstored.add(acknowledged(5));
  expect(indexesUpTo(unstored, 3, 2)).toEqual([1, 2]);
  unstored.settle(unstored.doubtedUpTo(3, 2), []);
  expect(indexesUpTo(unstored, 3, 2)).toEqual([3]);
  unstored.settle(unstored.doubtedUpTo(5, 10), []);
  expect(indexesUpTo(unstored, 5)).toEqual([]);
  expect(unstored.isEmpty).toBe(true);
});

test('a report that was published again is doubted until it is found under its new index', () => {
  const unstored = filled(1, 2);
  unstored.doubt();
  const [lost, found] = unstored.doubtedUpTo(2, 10);
  if (lost === undefined || found === undefined) throw new Error('both are doubted');
  unstored.settle([lost, found], [{ ...lost, index: 9, attempts: 1 }]);
  expect(indexesUpTo(unstored, 8)).toEqual([]);
  expect(indexesUpTo(unstored, 9)).toEqual([9]);
});

test('reports that are never stored are bounded in number and in bytes', () => {
  const many = filled(...Array.from({ length: 100_000 }, (_, n) => n));
  many.doubt();
  const kept = many.doubtedUpTo(100_000, 100_000);
  expect(kept.length).toBeLessThanOrEqual(65_536);
  expect(kept.at(-1)?.index).toBe(99_999);

  const large = new UnstoredReports();
  for (let index = 0; index < 20; index += 1) large.add(acknowledged(index, 10 * 2 ** 20));
  large.doubt();
  expect(large.doubtedUpTo(20, 20).length).toBeLessThanOrEqual(6);
});
