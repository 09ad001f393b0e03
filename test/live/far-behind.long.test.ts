import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { RawSocket } from '../server/raw-socket.ts';
import { type Harness, type Harnesses, openHarnesses } from './harness.ts';
import { megabytesInUse } from './heap.ts';

const missedEvents = 1_000_000;
const batch = 1_000;

let harnesses: Harnesses;
let harness: Harness;
beforeAll(async () => {
  harnesses = await openHarnesses();
  harness = await harnesses.open();
});
afterAll(async () => {
  await harness[Symbol.asyncDispose]();
  await harnesses[Symbol.asyncDispose]();
});

test('a backfill of a million events takes bounded memory, and continues live', async () => {
  for (let n = 0; n < missedEvents / batch; n += 4) {
    const some = () => harness.report(...Array.from({ length: batch }, () => ({ tags: ['far'] })));
    await Promise.all([some(), some(), some(), some()]);
  }
  const from = harness.journal.position - missedEvents;
  const socket = await RawSocket.open(harness.socketUrl);
  let last = from;
  let got = 0;
  socket.webSocket.removeAllListeners('message');
  socket.webSocket.on('message', (data) => {
    const { payload } = JSON.parse(String(data));
    for (const { index } of payload.data.eventBatches.events) {
      if (index !== last + 1) throw new Error(`${index} came after ${last}`);
      last = index;
      got++;
    }
  });
  const before = megabytesInUse();
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, megabytesInUse());
  }, 500);
  socket.subscribe(
    '1',
    `subscription { eventBatches(afterIndex: ${from}, maxSize: 1000) { index events { index tags } } }`,
  );
  let live = 0;
  while (got < missedEvents + live) {
    await harness.report({ tags: ['live'] }, { tags: ['live'] });
    live += 2;
    if (got < missedEvents)
      await vi.waitFor(() => expect(harness.sockets.stats().queuedBytes).toBeLessThan(2 ** 20));
    else await vi.waitFor(() => expect(got).toBe(missedEvents + live), 10_000);
  }
  clearInterval(watch);
  expect(harness.live.stats()).toMatchObject({ subscriptions: 1, channels: 1 });
  expect(most - before).toBeLessThan(32);
  socket.close();
}, 600_000);
