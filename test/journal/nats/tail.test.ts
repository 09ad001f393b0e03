import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NatsTail } from '../../../src/journal/nats/tail.ts';
import { report } from '../report.ts';

const said = report();
const part = (index: number, size = 100) => ({ index, report: said, size });
const patience = () => AbortSignal.timeout(5000);

test('gives every report once, in order, whatever the size of a read', () => {
  const pushes = fc.array(fc.record({ reports: fc.nat(20), gap: fc.nat(5) }), { maxLength: 30 });
  fc.assert(
    fc.property(
      pushes,
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 3000 }),
      (all, most, bytes) => {
        const tail = new NatsTail();
        tail.restart(10);
        const pushed: number[] = [];
        let to = 10;
        for (const { reports, gap } of all) {
          const batch = Array.from({ length: reports }, (_, n) => part(to + n + 1));
          to += reports + gap;
          pushed.push(...batch.map(({ index }) => index));
          tail.push(batch, to);
        }
        const taken: number[] = [];
        for (let at = 10; at < to; ) {
          const stretch = tail.after(at, most, bytes);
          expect(stretch?.reports.length).toBeLessThanOrEqual(most);
          expect(stretch?.to).toBeGreaterThan(at);
          taken.push(...(stretch?.reports ?? []).map(({ index }) => index));
          at = stretch?.to ?? to;
        }
        expect(taken).toEqual(pushed);
        expect(tail.after(to, most, bytes)).toEqual({ reports: [], to });
      },
    ),
  );
});

test('drops the oldest reports when it is full, and reports it', () => {
  const tail = new NatsTail();
  for (let index = 1; index <= 40_000; index += 1) tail.push([part(index)], index);
  expect(tail.after(0, 1000, 1e6)).toBeNull();
  expect(tail.from).toBeGreaterThan(20_000);
  expect(tail.after(tail.from, 1, 1e6)?.reports[0]?.index).toBe(tail.from + 1);
  const large = new NatsTail();
  for (let index = 1; index <= 100; index += 1) large.push([part(index, 2 ** 20)], index);
  expect(large.from).toBeGreaterThan(60);
});

test('messages that are not read yet are not given, and a new stream does not continue the old one', () => {
  const tail = new NatsTail();
  tail.push([part(1)], 1);
  expect(tail.after(5, 10, 1000)).toBeNull();
  tail.restart(100);
  expect(tail.after(1, 10, 1000)).toBeNull();
  expect(tail.after(100, 10, 1000)).toEqual({ reports: [], to: 100 });
});

test('wakes all waiters when there is more, and at the end', async () => {
  const tail = new NatsTail();
  const grown = tail.grown(patience());
  tail.push([part(1)], 1);
  await grown;
  const end = new AbortController();
  const waiting = tail.grown(end.signal);
  end.abort();
  await waiting;
  await tail.grown(end.signal);
});
