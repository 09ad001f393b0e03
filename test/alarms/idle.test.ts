import { expect, test, vi } from 'vitest';
import { bootGateway, type TestGateway } from '../harness.ts';
import { patienceMs } from '../patience.ts';

const untilFeeds = (gateway: TestGateway, count: number) =>
  vi.waitFor(async () => expect(await gateway.metric('tidings_live_feeds')).toBe(count), {
    timeout: patienceMs,
    interval: 50,
  });

const report = (gateway: TestGateway, key: string) =>
  gateway.gql(
    'mutation ($key: String!) { reportEvent(event: { category: "Job", action: "Failed", key: $key }, wait: STORED) { __typename } }',
    { key },
  );

const alarmsOf = async (gateway: TestGateway) =>
  (await gateway.gql('{ alarms { nodes { state entity { value } event { endTime } } } }')).alarms
    .nodes;

test('without rules nothing is read for them; the last rule ends its alarms first, and a later one begins with what there is then', async () => {
  await using gateway = await bootGateway();
  await report(gateway, 'before');
  await untilFeeds(gateway, 0);
  const createRule = async (over: string) => {
    const { createAlarmRule } = await gateway.gql(
      'mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { id } }',
      {
        input: {
          name: `over ${over}`,
          filter: { categories: ['Job'] },
          entity: [{ field: 'KEY' }],
          condition: { threshold: { op: 'GTE', value: 1, over } },
        },
      },
    );
    return createAlarmRule.id;
  };
  const first = await createRule('1h');
  await vi.waitFor(async () => expect(await alarmsOf(gateway)).toHaveLength(1), patienceMs);
  await untilFeeds(gateway, 1);
  await gateway.gql('mutation ($id: ID!) { deleteAlarmRule(id: $id) }', { id: first });
  await untilFeeds(gateway, 0);
  expect(await alarmsOf(gateway)).toEqual([
    { state: 'RECOVERED', entity: [{ value: 'before' }], event: { endTime: expect.any(String) } },
  ]);
  await report(gateway, 'meanwhile');
  await createRule('2h');
  await report(gateway, 'after');
  await vi.waitFor(
    async () =>
      expect(
        (await alarmsOf(gateway)).map(
          ({ entity }: { entity: { value: string }[] }) => entity[0]?.value,
        ),
      ).toEqual(expect.arrayContaining(['after', 'meanwhile', 'before'])),
    patienceMs,
  );
  expect(await alarmsOf(gateway)).toHaveLength(4);
});
