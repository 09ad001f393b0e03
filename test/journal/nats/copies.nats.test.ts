import { expect, test, vi } from 'vitest';
import { LogLines } from '../../dialects/log-lines.ts';
import { startNatsServer } from '../../nats-server.ts';
import { report } from '../report.ts';
import { EmptyStore, openNatsJournal } from './harness.ts';

test('a stream that has fewer copies than are asked for is taken as it is, and logged', async () => {
  await using server = await startNatsServer();
  const store = new EmptyStore();
  {
    await using one = openNatsJournal(server.url, 'COPIES', store);
    await vi.waitFor(() => one.append([report()]));
  }
  const asked = new LogLines();
  await using three = openNatsJournal(server.url, 'COPIES', store, asked.log, 3);
  await vi.waitFor(() => three.append([report()]));
  expect(asked.lines.filter((line) => line.includes('TIDINGS_STREAM_REPLICAS'))).toHaveLength(1);
  const content = new LogLines();
  await using one = openNatsJournal(server.url, 'COPIES', store, content.log);
  await vi.waitFor(() => one.append([report()]));
  expect(content.lines).toEqual([]);
});
