import { afterAll, beforeAll, expect, test } from 'vitest';
import { Crowd } from './crowd.ts';
import { openSite, type Place, type Site } from './place.ts';

let site: Site;
let place: Place;
beforeAll(async () => {
  site = await openSite();
  place = await site.open({ limits: { ringChanges: 100, warmChanges: 10 } });
});
afterAll(async () => {
  await place[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

test('connections and subscriptions that come and go leave nothing behind', async () => {
  const crowd = new Crowd(place, 20_261_120);
  for (let n = 0; n < 20; n++) await crowd.round();
  expect(crowd.subscribed).toBeGreaterThan(1_000);
  await crowd.leave();
});
