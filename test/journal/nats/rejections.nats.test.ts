import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from 'nats';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { encodeReport } from '../../../src/event/report-json.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { NatsJournal } from '../../../src/journal/nats/journal.ts';
import { NatsStream } from '../../../src/journal/nats/stream.ts';
import { NatsLink } from '../../../src/nats/connection.ts';
import type { Log } from '../../../src/telemetry/log.ts';
import { type NatsServer, startNatsServer } from '../../nats-server.ts';
import { report } from '../report.ts';
import { EmptyStore, serversAt, silent, within } from './harness.ts';

const maxPayload = 64 * 1024;

let folder: string;
let server: NatsServer;
let other: NatsConnection;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidings-nats-'));
  await writeFile(join(folder, 'nats.conf'), `max_payload: ${maxPayload}\n`);
  server = await startNatsServer(['-c', join(folder, 'nats.conf')]);
  other = await connect({ servers: server.url });
});
afterAll(async () => {
  await other.close();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each[Symbol.asyncDispose]();
});

/** A journal of a gateway that accepts events of 256 KiB, and its warnings. */
async function open(name: string) {
  const warnings: unknown[] = [];
  const log: Log = { ...silent, warn: (fields: unknown) => void warnings.push(fields) };
  const link = new NatsLink(serversAt(server.url), log);
  const options = { name, replicas: 1, maxBytes: null, duplicateWindowMs: 120_000 };
  const store = new EmptyStore();
  const stream = new NatsStream({ ...options, maxEventBytes: 256 * 1024 }, link, store, log);
  const journal = new NatsJournal(stream, link, store, log);
  opened.unshift(link);
  opened.unshift(journal);
  await vi.waitFor(() => expect(journal.healthReason()).toBeNull(), within);
  return { journal, link, warnings };
}

const small = () => report({ message: 'small' });
const large = (bytes: number) => report({ value: 'x'.repeat(bytes) });

const outcomesOf = (journal: Journal, ...reports: ReturnType<typeof report>[]) =>
  journal.append(reports).then(
    () => {
      throw new Error('All were appended.');
    },
    (error: unknown) => error,
  );

describe('a report that NATS always rejects is rejected alone', () => {
  const tooLong = { code: 'TOO_LONG', message: expect.stringMatching(/ bytes as JSON, and NATS/) };

  test("above the server's max_payload", async () => {
    const { journal, warnings } = await open('PAYLOAD');
    expect(await outcomesOf(journal, small(), large(maxPayload), small())).toMatchObject({
      name: 'AppendError',
      outcomes: [{ index: 1, duplicate: false }, tooLong, { index: 2, duplicate: false }],
    });
    expect(warnings).toMatchObject([{ configuredBytes: 262_144, maxPayloadBytes: maxPayload }]);
  });

  test('above the max_msg_size of the stream', async () => {
    await (await other.jetstreamManager()).streams.add({
      name: 'MESSAGE',
      subjects: ['message.events.>'],
      max_msg_size: 10_000,
      discard: 'new' as never,
    });
    const { journal, warnings } = await open('MESSAGE');
    expect(await outcomesOf(journal, large(10_000), small())).toMatchObject({
      outcomes: [tooLong, { index: 1 }],
    });
    expect(warnings).toContainEqual(expect.objectContaining({ maxMessageBytes: 10_000 }));
  });

  test('above a max_msg_size that was lowered meanwhile', async () => {
    const { journal } = await open('LOWERED');
    await journal.append([small()]);
    await (await other.jetstreamManager()).streams.update('LOWERED', { max_msg_size: 10_000 });
    expect(await outcomesOf(journal, large(20_000), small())).toMatchObject({
      outcomes: [tooLong, { index: 2 }],
    });
  });

  test('by a byte, where the largest report that is accepted is appended', async () => {
    const { journal } = await open('EXACT');
    const bytesAround = Buffer.byteLength(encodeReport(large(0)));
    const fits = maxPayload - 128 - bytesAround;
    expect(await journal.append([large(fits)])).toHaveLength(1);
    const given = { ...large(fits), id: crypto.randomUUID(), generatedId: false };
    expect(await journal.append([given])).toHaveLength(1);
    await expect(journal.append([large(fits + 20)])).rejects.toMatchObject({ outcomes: [tooLong] });
  });
});

test('a report whose acknowledgement is lost is answered alone, and the others as recorded', async () => {
  const { journal, link } = await open('LOST');
  await journal.append([small()]);
  const connection = link.current;
  const publish = connection.publish.bind(connection);
  let published = 0;
  connection.publish = (...message) => {
    published += 1;
    if (published !== 2) publish(...message);
  };
  const reports = [small(), small(), small()];
  expect(await outcomesOf(journal, ...reports)).toMatchObject({
    outcomes: [{ index: 2 }, { code: 'UNAVAILABLE' }, { index: 3 }],
  });
  connection.publish = publish;
  const again = await journal.append(reports.map((each) => ({ ...each, generatedId: false })));
  expect(again.map(({ index }) => index)).not.toContain(1);
});
