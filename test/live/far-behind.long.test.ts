import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { RawSocket } from '../server/raw-socket.ts';
import { openSite, type Place, type Site } from './harness.ts';
import { megabytesInUse } from './heap.ts';

const missedEvents = 1_000_000;
const batch = 1_000;

let site: Site;
let place: Place;
beforeAll(async () => {
  site = await openSite();
  place = await site.open();
}, 60_000);
afterAll(async () => {
  await place[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

test('a backfill of a million events takes bounded memory, and continues live', async () => {
  for (let n = 0; n < missedEvents / batch; n += 4) {
    const some = () => place.report(...Array.from({ length: batch }, () => ({ tags: ['far'] })));
    await Promise.all([some(), some(), some(), some()]);
  }
  const from = place.journal.position - missedEvents;
  const socket = await RawSocket.open(place.socketUrl);
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
    await place.report({ tags: ['live'] }, { tags: ['live'] });
    live += 2;
    if (got < missedEvents)
      await vi.waitFor(() => expect(place.sockets.stats().queuedBytes).toBeLessThan(2 ** 20));
    else await vi.waitFor(() => expect(got).toBe(missedEvents + live), 10_000);
  }
  clearInterval(watch);
  expect(place.live.stats()).toMatchObject({ subscriptions: 1, channels: 1 });
  expect(most - before).toBeLessThan(32);
  socket.close();
}, 600_000);
