import { beforeEach, expect, test } from 'vitest';
import { NatsCompletion, type SizedReport } from '../../../src/journal/nats/completion.ts';
import { report } from '../report.ts';
import { EmptyStore, silent } from './harness.ts';

let stored: EmptyStore;
let completion: NatsCompletion;
beforeEach(() => {
  stored = new EmptyStore();
  completion = new NatsCompletion(stored, silent);
});

const id = '018f4e2c-0000-7000-8000-000000000001';
const tagged = (index: number, tag: string, generatedId: boolean): SizedReport => ({
  index,
  report: report({ id, generatedId, tags: [tag] }),
  size: 500,
});

/** Enough reports to evict everything from memory. */
async function muchElse(from: number): Promise<void> {
  for (let index = from; index < from + 140_000; index += 1_000) {
    const reports = Array.from({ length: 1_000 }, (_, n) => ({
      index: index + n,
      report: report({ generatedId: false }),
      size: 500,
    }));
    await completion.complete(reports);
  }
}

const tagsOf = async (part: SizedReport) =>
  (await completion.complete([part])).map(({ tags }) => tags);

test('a report completes the one that its id was made for, stored or not', async () => {
  expect(await tagsOf(tagged(1, 'first', true))).toEqual([['first']]);
  expect(await tagsOf(tagged(2, 'second', false))).toEqual([['first', 'second']]);
  expect(await tagsOf(tagged(3, 'third', false))).toEqual([['first', 'second', 'third']]);
});

test('an old report is read from the store, with every report that completed it', async () => {
  const reports = [tagged(1, 'first', true), tagged(2, 'second', false)];
  for (const part of reports) await completion.complete([part]);
  stored.known.set(id, reports);
  stored.storedIndex = 2;
  await muchElse(3);
  expect(await tagsOf(tagged(200_000, 'third', false))).toEqual([['first', 'second', 'third']]);
});

test('a report that comes again in a stream that was recreated is published once', async () => {
  expect(await tagsOf(tagged(1, 'first', true))).toEqual([['first']]);
  completion.expectRepeats();
  expect(await tagsOf(tagged(1_000_001, 'first', true))).toEqual([]);
  expect(await tagsOf(tagged(1_000_002, 'second', false))).toEqual([['first', 'second']]);
});

test('a repeat of a stored report that followers missed is their change, under its own index, once', async () => {
  completion.followFrom(4);
  stored.known.set(id, [tagged(5, 'missed', true)]);
  stored.storedIndex = 8;
  expect(await completion.complete([tagged(9, 'missed', false)])).toMatchObject([
    { index: 9, tags: ['missed'] },
  ]);
  expect(await completion.complete([tagged(10, 'missed', false)])).toEqual([]);
});

test('a repeat of a report that is older than the followers, or came from the store, changes nothing', async () => {
  completion.followFrom(4);
  stored.known.set(id, [tagged(4, 'old', true)]);
  stored.storedIndex = 8;
  expect(await completion.complete([tagged(9, 'old', false)])).toEqual([]);
  const other = report({ tags: ['from the store'] });
  stored.known.set(other.id, [{ index: 7, report: other }]);
  completion.followFrom(8);
  const repeat = { index: 10, report: { ...other, generatedId: false }, size: 500 };
  expect(await completion.complete([repeat])).toEqual([]);
});

test('a report that was forgotten because many came after it changes nothing when it is repeated', async () => {
  completion.followFrom(0);
  await completion.complete([tagged(1, 'first', true)]);
  stored.known.set(id, [tagged(1, 'first', true)]);
  stored.storedIndex = 1;
  await muchElse(2);
  expect(completion.completeFrom).toBeGreaterThan(1);
  expect(await completion.complete([tagged(200_000, 'first', false)])).toEqual([]);
});
