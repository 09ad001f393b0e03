import { expect, test, vi } from 'vitest';
import { followBySocket } from '../access/socket-follower.ts';
import { bootGateway } from '../harness.ts';
import { patienceMs } from '../patience.ts';

test('the delay of an event is measured once, however many filters it matches', async () => {
  await using gateway = await bootGateway();
  const filters = ['categories: ["Measured"]', 'types: ["Measured.*"]', 'anyTags: ["measured"]'];
  const followers = await Promise.all(
    filters.map((filter) =>
      followBySocket(
        gateway,
        'nobody',
        `subscription { events(afterIndex: 0, filter: { ${filter} }) { index } }`,
      ),
    ),
  );
  const seen = () =>
    followers.map(({ messages }) => messages.filter(({ type }) => type === 'next').length);
  const report = () =>
    gateway.gql(
      'mutation { reportEvent(event: { type: "Measured.Once", tags: ["measured"] }) { __typename } }',
    );
  // The first says that all of them are live.
  await report();
  await vi.waitFor(() => expect(seen()).toEqual([1, 1, 1]), patienceMs);
  const before = await gateway.metric('tidings_live_delivery_seconds_count');
  await report();
  await report();
  await vi.waitFor(() => expect(seen()).toEqual([3, 3, 3]), patienceMs);
  expect(await gateway.metric('tidings_live_delivery_seconds_count')).toBe(before + 2);
  for (const { socket } of followers) socket.terminate();
});
