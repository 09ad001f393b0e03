import { expect, test } from 'vitest';
import { settledWithin } from '../../src/runtime/settled-within.ts';

const longMs = 3_600_000;

test('it resolves with the end of the work, also where that failed', async () => {
  let end: () => void = () => {};
  let ended = false;
  const work = new Promise<void>((resolve) => {
    end = resolve;
  });
  const settled = settledWithin(work, longMs).then(() => {
    ended = true;
  });
  await new Promise(setImmediate);
  expect(ended).toBe(false);
  end();
  await settled;
  await settledWithin(Promise.reject(new Error('it failed')), longMs);
});

test('it resolves without the end of the work once the time is over', async () => {
  await settledWithin(new Promise(() => {}), 1);
});
