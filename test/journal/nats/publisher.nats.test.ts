import { afterAll, beforeAll, expect, test } from 'vitest';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { report } from '../report.ts';
import { NatsHarness } from './harness.ts';

let harness: NatsHarness;
beforeAll(async () => {
  harness = await NatsHarness.start();
});
afterAll(() => harness[Symbol.asyncDispose]());

test('a message that is lost on the way delays only its own append', async () => {
  const journal = harness.open();
  await journal.append([report()]);
  const connection = await journal.link.connection(AbortSignal.timeout(5_000));
  if (connection === null) throw new Error('there is no connection');
  const publish = connection.publish.bind(connection);
  connection.publish = () => {
    connection.publish = publish;
  };
  let over = false;
  const lost = journal.append([report()]).finally(() => {
    over = true;
  });
  lost.catch(() => {});
  expect(await journal.append([report()])).toHaveLength(1);
  expect(over).toBe(false);
  // As many as can be appended in its time: on most machines more than may be on their way at once.
  while (!over) {
    const many = Array.from({ length: 1_000 }, () => report());
    expect(await journal.append(many)).toHaveLength(1_000);
  }
  await expect(lost).rejects.toThrow(Unavailable);
  expect(await journal.append([report()])).toHaveLength(1);
});
