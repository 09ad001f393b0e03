import { expect, test } from 'vitest';
import { openHarnesses } from './harness.ts';

test('a feed that is opened while the journal is empty has the first event, also when it is read later', async () => {
  await using harnesses = await openHarnesses({ embedded: true });
  await using harness = await harnesses.open();
  const following = new AbortController();
  const feed = harness.live.openFeed({ filter: {}, afterIndex: null }, following.signal);
  await harness.report({ category: 'First' });
  const { value } = await feed.next();
  expect(value).toMatchObject({ index: 1, events: [{ category: 'First' }] });
  following.abort();
});
