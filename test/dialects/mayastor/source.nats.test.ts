import { connect, type JetStreamManager, type NatsConnection } from 'nats';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MayastorSource } from '../../../src/dialects/mayastor/source.ts';
import type { Event } from '../../../src/event/event.ts';
import { createIntake } from '../../../src/intake/accept.ts';
import type { Intake } from '../../../src/intake/intake.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import type { Log } from '../../../src/telemetry/log.ts';
import cases from '../../fixtures/mayastor-cases.json' with { type: 'json' };
import { EmptyStore, openNatsJournal, silent } from '../../journal/nats/harness.ts';
import { type NatsServer, startNatsServer } from '../../nats-server.ts';
import { patienceMs } from '../../patience.ts';

const within = { timeout: patienceMs, interval: 10 };
const stream = 'events-stream';

let server: NatsServer;
let mayastor: NatsConnection;
let jetStream: JetStreamManager;
let journal: ReturnType<typeof openNatsJournal>;
let told: Event[];
let source: MayastorSource | null;

beforeEach(async () => {
  server = await startNatsServer();
  mayastor = await connect({ servers: server.url, reconnectTimeWait: 50 });
  jetStream = await mayastor.jetstreamManager();
  journal = openNatsJournal(server.url, 'TIDINGS', new EmptyStore());
  await vi.waitFor(() => expect(journal.healthReason()).toBeNull(), within);
  told = [];
  journal.follow((changes) => told.push(...changes));
  source = null;
});
afterEach(async () => {
  await source?.[Symbol.asyncDispose]();
  await journal[Symbol.asyncDispose]();
  await mayastor.close();
  await server[Symbol.asyncDispose]();
});

const intake = (): Intake =>
  createIntake({ journal, store: { untilStored: () => Promise.resolve(true) } });

async function start(into: Intake = intake(), log: Log = silent): Promise<MayastorSource> {
  const options = { stream, replicas: 1, maxBatch: 100 };
  const started = new MayastorSource(options, journal.link, into, log);
  source = started;
  await vi.waitFor(() => expect(started.healthReason()).toBeNull(), within);
  return started;
}

/** As Mayastor does: a subject with the category's number, JSON, no headers, and an ack of the stream. */
async function publish(subject: string, message: unknown): Promise<void> {
  await mayastor.jetstream().publish(subject, JSON.stringify(message));
}

const published = (n: number, node: string) => ({
  id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  message: {
    category: 'Volume',
    action: 'Create',
    target: `volume-${n}`,
    metadata: {
      id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
      source: { component: 'CoreAgent', node },
      timestamp: '2026-08-12T09:14:02.002469134Z',
      version: 'V1',
    },
  },
});

const publishNew = async (n: number): Promise<string> => {
  const { id, message } = published(n, 'node-1');
  await publish(`events.2.${id}`, message);
  return id;
};

const idsTold = () => told.map(({ id }) => id);

test('both encodings, mixed on one stream, come out as events', async () => {
  await start();
  for (const [n, { subject, wire_legacy, wire_pbjson }] of cases.events.entries()) {
    await publish(subject, n % 2 === 0 ? wire_legacy : wire_pbjson);
  }
  await vi.waitFor(() => expect(told).toHaveLength(cases.events.length), within);
  for (const [n, { logical }] of cases.events.entries()) {
    expect(told[n]).toMatchObject({
      id: logical.id,
      category: logical.category,
      action: logical.action,
      key: logical.target || null,
      dialect: 'MAYASTOR',
      source: { component: logical.component, node: logical.node || null },
    });
  }
});

test('what came before the gateway did is read too, and every message is acknowledged', async () => {
  await jetStream.streams.add({ name: stream, subjects: ['events.>'], storage: 'memory' as never });
  const ids = [await publishNew(1), await publishNew(2), await publishNew(3)];
  await start();
  await vi.waitFor(() => expect(idsTold()).toEqual(ids), within);
  await vi.waitFor(async () => {
    const { num_ack_pending, num_pending } = await jetStream.consumers.info(stream, 'tidings');
    expect([num_ack_pending, num_pending]).toEqual([0, 0]);
  }, within);
});

test('creates the stream as Mayastor does, with one copy', async () => {
  await start();
  const { config } = await jetStream.streams.info(stream);
  expect(config).toMatchObject({
    subjects: ['events.>'],
    storage: 'memory',
    max_bytes: 3_145_728,
    max_msgs_per_subject: 1,
    discard: 'old',
    num_replicas: 1,
  });
});

test('goes on when the stream is deleted and recreated, by the gateway or by Mayastor', async () => {
  await start();
  const ids = [await publishNew(1)];
  await vi.waitFor(() => expect(told).toHaveLength(1), within);
  await jetStream.streams.delete(stream);
  await vi.waitFor(() => jetStream.streams.info(stream), within);
  ids.push(await publishNew(2));
  await vi.waitFor(() => expect(idsTold()).toEqual(ids), within);

  await jetStream.streams.delete(stream);
  // The gateway may be faster.
  const config = { name: stream, subjects: ['events.>'], max_msgs: 100 };
  await jetStream.streams.add(config).catch(() => {});
  ids.push(await publishNew(3));
  await vi.waitFor(() => expect(idsTold()).toEqual(ids), within);
});

test('goes on after the server was down; its stream in memory is gone then', async () => {
  await start();
  const ids = [await publishNew(1)];
  await vi.waitFor(() => expect(told).toHaveLength(1), within);
  await server.kill();
  await server.restart();
  await vi.waitFor(async () => ids.push(await publishNew(2)), within);
  await vi.waitFor(() => expect(idsTold()).toEqual(ids), within);
});

test('a message that comes again is the same event', async () => {
  await start();
  const id = await publishNew(1);
  await vi.waitFor(() => expect(told).toHaveLength(1), within);
  await publishNew(1);
  const other = await publishNew(2);
  await vi.waitFor(() => expect(idsTold()).toEqual([id, other]), within);
});

test('what is not a message of Mayastor is counted, logged once with a sample, and blocks nobody', async () => {
  const lines: { count: number; sample: string }[] = [];
  const log = { ...silent, warn: (line: (typeof lines)[number]) => lines.push(line) };
  const started = await start(intake(), log as unknown as Log);
  const ids = [await publishNew(1)];
  for (let n = 0; n < 20; n += 1) await publish(`events.2.bad-${n}`, { nonsense: n });
  await mayastor.jetstream().publish('events.2.worse', 'x'.repeat(10_000));
  await mayastor.jetstream().publish('events.2.empty', '');
  ids.push(await publishNew(2));
  await vi.waitFor(() => expect(idsTold()).toEqual(ids), within);
  expect(started.malformed).toBe(22);
  expect(started.received).toBe(24);
  expect(lines).toHaveLength(1);
  expect(lines[0]?.sample).toBe('{"nonsense":0}');
  await vi.waitFor(async () => {
    const { num_ack_pending } = await jetStream.consumers.info(stream, 'tidings');
    expect(num_ack_pending).toBe(0);
  }, within);
});

test('a message outside the limits of an event is counted and blocks nobody', async () => {
  const started = await start();
  const { id, message } = published(1, 'x'.repeat(2000));
  await publish(`events.2.${id}`, { ...message, target: 'y'.repeat(300_000) });
  const good = await publishNew(2);
  await vi.waitFor(() => expect(idsTold()).toEqual([good]), within);
  await vi.waitFor(() => expect(started.rejected).toBe(1), within);
});

test('while the journal is down, messages are kept and come again', async () => {
  const real = intake();
  let reports = 0;
  const failing: Intake = {
    report(drafts, wait) {
      reports += 1;
      return reports <= 2 ? Promise.reject(new Unavailable('down')) : real.report(drafts, wait);
    },
  };
  await start(failing);
  const ids = [await publishNew(1), await publishNew(2)];
  await vi.waitFor(() => expect(idsTold().toSorted()).toEqual(ids), within);
  expect(reports).toBeGreaterThan(2);
});

test('one message that fails unexpectedly does not keep the others out', async () => {
  const real = intake();
  const faulty: Intake = {
    report(drafts, wait) {
      const poisoned = drafts.some(({ key }) => key === 'volume-2');
      return poisoned ? Promise.reject(new Error('a bug')) : real.report(drafts, wait);
    },
  };
  await jetStream.streams.add({ name: stream, subjects: ['events.>'] });
  const ids = [await publishNew(1), await publishNew(2), await publishNew(3)];
  const started = await start(faulty);
  await vi.waitFor(() => expect(idsTold()).toEqual([ids[0], ids[2]]), within);
  await vi.waitFor(() => expect(started.rejected).toBe(1), within);
});
