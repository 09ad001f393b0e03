import { expect, test } from 'vitest';
import { Crowd, smallRing } from './crowd.ts';
import { openHarnesses } from './harness.ts';
import { megabytesInUse } from './heap.ts';

/** Ten thousand connections together. */
const seeds = [20_261_120, 7, 424_242, 99_991];
const rounds = 84;

test('no timer, channel or memory remains of ten thousand connections', async () => {
  await using harnesses = await openHarnesses({ embedded: true });
  await using harness = await harnesses.open({ limits: smallRing });
  const inUse: number[] = [];
  let connected = 0;
  for (const seed of seeds) {
    const crowd = new Crowd(harness, seed);
    for (let n = 0; n < rounds; n++) await crowd.round();
    await crowd.leave();
    connected += crowd.connected;
    inUse.push(megabytesInUse());
  }
  expect(connected).toBeGreaterThan(10_000);
  // The first seeds compile code and fill caches. A leak of each connection would grow with the later ones.
  const [, second = 0, , last = Number.POSITIVE_INFINITY] = inUse;
  expect(last - second).toBeLessThan(5);
});
