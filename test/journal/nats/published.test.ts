import { expect, test } from 'vitest';
import { encodeReport } from '../../../src/event/report-json.ts';
import { NatsPublished } from '../../../src/journal/nats/published.ts';
import { report } from '../report.ts';

const published = (key: string) => {
  const made = report({ key });
  return { report: made, body: Buffer.from(encodeReport(made)) };
};

test('a published report is recognized once, when it is read back', () => {
  const own = new NatsPublished();
  const first = published('first');
  own.add(7, first);
  expect(own.take(6, first.body)).toBeNull();
  expect(own.take(7, Buffer.from(first.body))).toBe(first.report);
  expect(own.take(7, first.body)).toBeNull();
});

test('a message of another stream under the same sequence is not taken for it', () => {
  const own = new NatsPublished();
  own.add(7, published('ours'));
  expect(own.take(7, published('theirs').body)).toBeNull();
  expect(own.take(7, published('ours').body)).toBeNull();
});

test('reports that are never read back are bounded in number and in bytes', () => {
  const own = new NatsPublished();
  const small = published('small');
  for (let sequence = 1; sequence <= 40_000; sequence += 1) own.add(sequence, small);
  let known = 0;
  for (let sequence = 1; sequence <= 40_000; sequence += 1) {
    if (own.take(sequence, small.body) !== null) known += 1;
  }
  expect(known).toBeGreaterThan(0);
  expect(known).toBeLessThanOrEqual(16_384);

  const large = { report: small.report, body: Buffer.alloc(10 * 2 ** 20) };
  for (let sequence = 1; sequence <= 10; sequence += 1) own.add(sequence, large);
  const kept = Array.from({ length: 10 }, (_, n) => own.take(n + 1, large.body)).filter(Boolean);
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.length).toBeLessThanOrEqual(3);
});
