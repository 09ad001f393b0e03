import { expect, test } from 'vitest';
import { bootGateway } from '../harness.ts';
import { dataDirectory } from '../pglite.ts';

const report =
  'mutation { reportEvent(event: { type: "Kept" }) { ... on ReportedEvent { index } } }';
const find = '{ events { nodes { type index } } journal { firstIndex lastIndex storedIndex } }';

test('reported events are there after a restart, and indexes go on', async () => {
  await using data = await dataDirectory();
  {
    await using gateway = await bootGateway({ dataDirectory: data.path });
    await gateway.gql(report);
  }
  await using gateway = await bootGateway({ dataDirectory: data.path });
  const before = await gateway.gql(find);
  expect(before.events.nodes).toEqual([{ type: 'Kept', index: before.journal.lastIndex }]);
  const { reportEvent } = await gateway.gql(report);
  expect(reportEvent.index).toBeGreaterThan(before.journal.lastIndex);
});

test('events older than the retention are deleted, and their indexes are not given again', async () => {
  await using data = await dataDirectory();
  let last = 0;
  {
    await using gateway = await bootGateway({ dataDirectory: data.path });
    last = (await gateway.gql(report)).reportEvent.index;
  }
  await using gateway = await bootGateway({
    dataDirectory: data.path,
    environment: { TIDINGS_RETENTION: '1ms' },
  });
  await expect.poll(async () => (await gateway.gql(find)).events.nodes).toEqual([]);
  expect((await gateway.gql(report)).reportEvent.index).toBeGreaterThan(last);
});
