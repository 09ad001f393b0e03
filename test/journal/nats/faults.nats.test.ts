import { cp, rm } from 'node:fs/promises';
import type { NatsConnection } from 'nats';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readStream } from '../../../src/journal/nats/read-stream.ts';
import { trimStream } from '../../../src/journal/nats/trim.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { report } from '../report.ts';
import { Storm } from '../storm.ts';
import { openWire } from '../wire.ts';
import { indexesOf, NatsHarness, within } from './harness.ts';

const isIncreasing = (list: readonly number[]) =>
  list.every((index, n) => n === 0 || index > (list[n - 1] as number));

let at: NatsHarness;
beforeEach(async () => {
  at = await NatsHarness.start();
});
afterEach(() => at[Symbol.asyncDispose]());

test('without a server it reports why, rejects appends in time, and works once there is one', async () => {
  await at.server.stop();
  const journal = at.open();
  await vi.waitFor(() => expect(journal.healthReason()).toMatch(/refused/), within);
  await expect(journal.append([report()])).rejects.toBeInstanceOf(Unavailable);
  await expect(journal.lastIndex()).rejects.toBeInstanceOf(Unavailable);
  await at.server.restart();
  await at.usable(journal);
  expect(await journal.append([report()])).toEqual([{ index: 1, duplicate: false }]);
});

test('an append waits out a short absence of the server', async () => {
  const { journal, notified } = await at.follow();
  await at.server.stop();
  const appending = journal.append([report(), report()]);
  await at.server.restart();
  expect((await appending).map(({ index }) => index)).toEqual([1, 2]);
  await vi.waitFor(() => expect(indexesOf(notified)).toEqual([1, 2]), within);
});

test.each(['stop', 'kill'] as const)(
  'a server that is gone by %s in a storm has lost nothing that was acknowledged, and nobody is notified twice',
  async (end) => {
    const one = await at.follow();
    const two = await at.follow();
    const storm = new Storm([one.journal, two.journal]);
    for (let round = 0; round < 2; round += 1) {
      await storm.more(500);
      await at.server[end]();
      await at.server.restart();
    }
    await storm.more(500);
    const acknowledged = await storm.stop();

    const last = await one.journal.lastIndex();
    for (const { journal, notified } of [one, two]) {
      await vi.waitFor(() => expect(journal.position).toBe(last), within);
      const indexOfId = new Map(notified.map(({ id, index }) => [id, index]));
      expect(indexOfId.size).toBe(notified.length);
      expect(isIncreasing(indexesOf(notified))).toBe(true);
      for (const [id, index] of acknowledged) expect(indexOfId.get(id)).toBe(index);
    }
    expect(indexesOf(one.notified)).toEqual(indexesOf(two.notified));
  },
);

test('when the stream is recreated, numbering goes on above every index, and following goes on', async () => {
  const one = await at.follow();
  const two = await at.follow();
  const storm = new Storm([one.journal, two.journal]);
  for (let round = 0; round < 3; round += 1) {
    await storm.more(300);
    await at.deleteStream();
  }
  await storm.more(300);
  const acknowledged = await storm.stop();

  const given = [...acknowledged.values()];
  expect(new Set(given).size).toBe(given.length);
  const last = await one.journal.lastIndex();
  expect(last).toBeGreaterThanOrEqual(Math.max(...given));
  for (const { journal, notified } of [one, two]) {
    await vi.waitFor(() => expect(journal.position).toBe(last), within);
    expect(isIncreasing(indexesOf(notified))).toBe(true);
    // Reports in a deleted stream may be lost; some that followers were notified of may have been published once more.
    const indexOfId = new Map(notified.map(({ id, index }) => [id, index]));
    for (const [id, index] of acknowledged) {
      expect(indexOfId.get(id) ?? index).toBeLessThanOrEqual(index);
    }
  }
  expect(at.store.bases.size).toBe(4);
});

test('a report that is published once more to a stream that was recreated is published once', async () => {
  const { journal, notified } = await at.follow();
  const made = report({ tags: ['made'] });
  const [first] = await journal.append([made]);
  await vi.waitFor(() => expect(indexesOf(notified)).toEqual([first?.index]), within);
  await at.deleteStream();
  const again = report({ ...made, generatedId: true });
  const ends = report({ id: made.id, generatedId: false, tags: ['ends'], endTime: made.time });
  await journal.append([again, ends]);
  await vi.waitFor(() => expect(notified.at(-1)?.tags).toEqual(['made', 'ends']), within);
  expect(notified).toHaveLength(2);
});

test('a stream that somebody else recreated is used as it is', async () => {
  const { journal, notified } = await at.follow();
  await journal.append([report(), report(), report()]);
  await at.withConnection(async (connection) => {
    const { streams } = await connection.jetstreamManager();
    await streams.delete('TIDINGS');
    // The gateway may be faster.
    await streams
      .add({ name: 'TIDINGS', subjects: ['tidings.events.>'], description: 'theirs' })
      .catch(() => {});
  });
  const [appended] = await journal.append([report({ message: 'after' })]);
  expect(appended?.index).toBeGreaterThan(3);
  await vi.waitFor(
    () => expect(notified.at(-1)).toMatchObject({ message: 'after', index: appended?.index }),
    within,
  );
});

test('no index is given a second time after the disk lost the end of the stream', async () => {
  const { journal, notified } = await at.follow();
  await journal.append([report(), report(), report()]);
  await at.server.stop();
  const backup = `${at.server.folder}-backup`;
  await cp(at.server.folder, backup, { recursive: true });
  await at.server.restart();
  await at.usable(journal);
  const lost = await journal.append(Array.from({ length: 700 }, () => report()));
  await vi.waitFor(() => expect(notified).toHaveLength(703), within);
  await at.server.kill();
  await rm(at.server.folder, { recursive: true });
  await cp(backup, at.server.folder, { recursive: true });
  await rm(backup, { recursive: true });
  await at.server.restart();
  const [appended] = await journal.append([report({ message: 'after' })]);
  expect(appended?.index).toBeGreaterThan(lost.at(-1)?.index as number);
  await vi.waitFor(() => expect(notified.at(-1)?.message).toBe('after'), within);
  expect(notified).toHaveLength(704);
});

test('a server that is late with the end of the stream is not taken for one that lost it', async () => {
  const { journal, notified } = await at.follow();
  await journal.append([report(), report(), report()]);
  // As a server of a cluster answers that has not noticed that it is not the leader any more.
  const { current } = journal.link;
  const manager = current.jetstreamManager.bind(current);
  current.jetstreamManager = async (options) => {
    const late = await manager(options);
    const info = late.streams.info.bind(late.streams);
    late.streams.info = async (name) => {
      const { state, ...others } = await info(name);
      return { ...others, state: { ...state, last_seq: 1 } };
    };
    return late;
  };
  // The end is asked for with a message of its own, and is after it.
  expect(await journal.lastIndex()).toBe(4);
  current.jetstreamManager = manager;
  expect(await journal.append([report()])).toEqual([{ index: 5, duplicate: false }]);
  await vi.waitFor(() => expect(indexesOf(notified)).toEqual([1, 2, 3, 5]), within);
});

test('a consumer that is alive and delivers nothing is given up', async () => {
  const { journal } = await at.follow();
  const { current } = journal.link;
  // Heartbeats have no reply subject; messages of the stream have.
  const subscribe: NatsConnection['subscribe'] = (subject, options) =>
    current.subscribe(subject, {
      ...options,
      callback(error, message) {
        if (!message.reply) options?.callback?.(error, message);
      },
    });
  const connection = Object.create(current, { subscribe: { value: subscribe } }) as NatsConnection;
  const { signal } = new AbortController();
  await journal.append([report()]);
  const reading = readStream(
    { connection, signal, ready() {} },
    journal.stream,
    await journal.stream.state(),
    { from: 1, messages: 10, bytes: 1_000 },
  );
  await expect(reading.next()).rejects.toThrow('the server holds messages back');
});

test('a gateway that was cut off is notified of the changes that it missed, in order, once', async () => {
  await using wire = await openWire(at.server.port);
  const one = await at.follow(wire.url);
  const two = await at.follow();
  await one.journal.append([report()]);
  await vi.waitFor(() => expect(one.notified).toHaveLength(1), within);
  wire.cut();
  await vi.waitFor(() => expect(one.journal.healthReason()).not.toBeNull(), within);
  await two.journal.append([report(), report()]);
  wire.mend();
  await two.journal.append([report()]);
  for (const { notified } of [one, two]) {
    await vi.waitFor(() => expect(indexesOf(notified)).toEqual([1, 2, 3, 4]), within);
  }
  expect(one.notified).toEqual(two.notified);
});

test('changes that left the stream while a gateway was cut off come from the store', async () => {
  await using wire = await openWire(at.server.port);
  const one = await at.follow(wire.url);
  const two = await at.follow();
  await one.journal.append([report()]);
  await vi.waitFor(() => expect(one.notified).toHaveLength(1), within);
  wire.cut();
  await vi.waitFor(() => expect(one.journal.healthReason()).not.toBeNull(), within);
  await two.journal.append(Array.from({ length: 5 }, () => report()));
  await vi.waitFor(() => expect(two.notified).toHaveLength(6), within);
  at.store.after = (index) => Promise.resolve(two.notified.filter((event) => event.index > index));
  await trimStream(two.journal.link.current, two.journal.stream, { maxAgeMs: 0, maxBytes: 0 }, 4);
  wire.mend();
  await vi.waitFor(() => expect(one.notified).toEqual(two.notified), within);
  expect((await two.journal.stream.state()).firstSequence).toBe(5);
});

test('reports that were on the wire when it was cut are recorded once, in order', async () => {
  await using wire = await openWire(at.server.port);
  const one = await at.follow(wire.url);
  const two = await at.follow();
  const batches = Array.from({ length: 40 }, (_, batch) =>
    Array.from({ length: 25 }, (_, n) => report({ message: `${batch}/${n}` })),
  );
  const appends = batches.map((reports) => one.journal.append(reports));
  const settled = Promise.all(appends);
  await Promise.race(appends);
  wire.cut();
  await vi.waitFor(() => expect(one.journal.healthReason()).not.toBeNull(), within);
  wire.mend();
  const appended = (await settled).flat();
  expect(appended.map(({ index }) => index)).toEqual(Array.from({ length: 1000 }, (_, n) => n + 1));
  expect(appended.every(({ duplicate }) => !duplicate)).toBe(true);
  await vi.waitFor(() => expect(two.notified).toHaveLength(1000), within);
  expect(two.notified.map(({ message }) => message)).toEqual(
    batches.flat().map(({ message }) => message),
  );
});
