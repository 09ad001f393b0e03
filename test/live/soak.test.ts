import { expect, test } from 'vitest';
import { Crowd, smallRing } from './crowd.ts';
import { openHarnesses } from './harness.ts';

test('nothing remains of connections and subscriptions that have ended', async () => {
  await using harnesses = await openHarnesses({ embedded: true });
  await using harness = await harnesses.open({ limits: smallRing });
  const crowd = new Crowd(harness, 20_261_120);
  for (let n = 0; n < 20; n++) await crowd.round();
  expect(crowd.subscribed).toBeGreaterThan(1_000);
  await crowd.leave();
});
