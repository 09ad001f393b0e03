import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { report } from '../report.ts';
import { NatsHarness, within } from './harness.ts';

let at: NatsHarness;
beforeEach(async () => {
  at = await NatsHarness.start();
});
afterEach(() => at[Symbol.asyncDispose]());

test('a full stream rejects reports, and keeps those that it has', async () => {
  await at.withConnection(async (connection) => {
    const { streams } = await connection.jetstreamManager();
    const subjects = ['tidings.events.>'];
    await streams.add({ name: 'TIDINGS', subjects, max_bytes: 4096, discard: 'new' as never });
  });
  const journal = at.open();
  const [first] = await journal.append([report({ message: 'kept' })]);
  const filling = async () => {
    for (;;) await journal.append([report({ message: 'x'.repeat(500) })]);
  };
  await expect(filling()).rejects.toThrow(/maximum bytes exceeded/);
  expect(first?.index).toBe(1);
  await at.withConnection(async (connection) => {
    const { state } = await (await connection.jetstreamManager()).streams.info('TIDINGS');
    expect(state.first_seq).toBe(1);
  });
});

test('a stream without our subjects makes the journal unhealthy, with the reason', async () => {
  await at.withConnection(async (connection) => {
    const { streams } = await connection.jetstreamManager();
    await streams.add({ name: 'TIDINGS', subjects: ['other.>'] });
  });
  const journal = at.open();
  await vi.waitFor(
    () => expect(journal.healthReason()).toMatch(/does not take the subjects/),
    within,
  );
  await expect(journal.append([report()])).rejects.toThrow(/does not take the subjects/);
});

test('a message that is not a report is counted and skipped', async () => {
  const { journal, notified } = await at.follow();
  await at.withConnection(async (connection) => {
    const jetStream = connection.jetstream();
    for (const body of ['', 'nonsense', '{"v":2}', '[]', '{"v":1}']) {
      await jetStream.publish('tidings.events.default.event.-', body);
    }
  });
  const [appended] = await journal.append([report({ message: 'good' })]);
  expect(appended?.index).toBe(6);
  await vi.waitFor(() => expect(journal.position).toBe(6), within);
  expect(notified.map(({ message }) => message)).toEqual(['good']);
  expect(journal.malformed).toBe(5);
});

test('a follower that fails does not keep others from being notified', async () => {
  const { journal, notified } = await at.follow();
  journal.follow(() => {
    throw new Error('a fault of its own');
  });
  await journal.append([report()]);
  await journal.append([report()]);
  await vi.waitFor(() => expect(notified).toHaveLength(2), within);
});

test('large reports arrive, in order', async () => {
  const { journal, notified } = await at.follow();
  const reports = Array.from({ length: 60 }, (_, n) =>
    report({ message: `${n}`, raw: 'x'.repeat(250_000) }),
  );
  await journal.append(reports);
  await vi.waitFor(() => expect(notified).toHaveLength(60), within);
  expect(notified.map(({ message }) => message)).toEqual(reports.map(({ message }) => message));
});

test('a report larger than the server takes is rejected, and others go on', async () => {
  const { journal } = await at.follow();
  const huge = report({ raw: 'x'.repeat(2 ** 20) });
  await expect(journal.append([report(), huge])).rejects.toMatchObject({
    outcomes: [{ duplicate: false }, { code: 'TOO_LONG' }],
  });
  await expect(journal.append([report()])).resolves.toHaveLength(1);
});
