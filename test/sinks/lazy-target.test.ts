import { expect, test } from 'vitest';
import { lazyTarget } from '../../src/sinks/lazy-target.ts';
import type { DeliveryRequest, Target } from '../../src/sinks/target.ts';

const request: DeliveryRequest = {
  message: { contentType: 'text/plain', headers: {}, body: 'a' },
  messageId: 'evt_1_1',
  key: null,
  headers: {},
  signal: new AbortController().signal,
};

test('a target that could not be opened is a failure of the target, and is opened again at the next attempt', async () => {
  let openings = 0;
  let disposals = 0;
  const opened: Target = {
    deliver: async () => ({ kind: 'DELIVERED', status: null, response: null }),
    async [Symbol.asyncDispose]() {
      disposals += 1;
    },
  };
  const target = lazyTarget(async () => {
    openings += 1;
    if (openings === 1) throw new Error('the library is missing');
    return opened;
  });
  expect(await Promise.all([target.deliver(request), target.deliver(request)])).toEqual(
    Array.from({ length: 2 }, () => ({
      kind: 'TARGET_FAILED',
      status: null,
      response: 'the library is missing',
      retryAfterMs: null,
    })),
  );
  expect(openings).toBe(1);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    expect(await target.deliver(request)).toMatchObject({ kind: 'DELIVERED' });
  }
  expect(openings).toBe(2);
  await target[Symbol.asyncDispose]();
  expect(disposals).toBe(1);
});

test('a target that was never used, or could not be opened, is disposed', async () => {
  const target = lazyTarget(() => Promise.reject(new Error('no')));
  await target[Symbol.asyncDispose]();
  await target.deliver(request);
  await target[Symbol.asyncDispose]();
});
