import { CloudEvent, HTTP } from 'cloudevents';
import { connect, type JetStreamManager, type NatsConnection, headers as natsHeaders } from 'nats';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CloudEventsSource } from '../../../src/dialects/cloudevents/source.ts';
import type { Event } from '../../../src/event/event.ts';
import { createIntake } from '../../../src/intake/accept.ts';
import type { Intake } from '../../../src/intake/intake.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { EmptyStore, openNatsJournal, silent } from '../../journal/nats/harness.ts';
import { type NatsServer, startNatsServer } from '../../nats-server.ts';
import { patienceMs } from '../../patience.ts';

const within = { timeout: patienceMs, interval: 10 };

let server: NatsServer;
let sender: NatsConnection;
let jetStream: JetStreamManager;
let journal: ReturnType<typeof openNatsJournal>;
let recorded: Event[];
let source: CloudEventsSource | null;

beforeEach(async () => {
  server = await startNatsServer();
  sender = await connect({ servers: server.url, reconnectTimeWait: 50 });
  jetStream = await sender.jetstreamManager();
  journal = openNatsJournal(server.url, 'TIDINGS', new EmptyStore());
  await vi.waitFor(() => expect(journal.healthReason()).toBeNull(), within);
  recorded = [];
  journal.follow((changes) => recorded.push(...changes));
  source = null;
});
afterEach(async () => {
  await source?.[Symbol.asyncDispose]();
  await journal[Symbol.asyncDispose]();
  await sender.close();
  await server[Symbol.asyncDispose]();
});

const intake = (): Intake =>
  createIntake({ journal, store: { untilStored: () => Promise.resolve(true) } });

async function start(subject: string, into: Intake = intake()): Promise<CloudEventsSource> {
  const started = new CloudEventsSource({ subject, maxBatch: 100 }, journal.link, into, silent);
  source = started;
  await vi.waitFor(() => expect(started.healthReason()).toBeNull(), within);
  // A subscription of the core is in force once the server has answered something after it.
  await journal.link.current.flush();
  return started;
}

const event = (id: string, more: object = {}) =>
  new CloudEvent({ id, source: '/orders', type: 'Order.Placed', data: { id }, ...more });

function publish(subject: string, { body, headers }: ReturnType<typeof HTTP.binary>): void {
  const given = natsHeaders();
  for (const [name, value] of Object.entries(headers)) {
    given.append(name === 'content-type' ? 'ce-datacontenttype' : name, String(value));
  }
  sender.publish(subject, String(body), { headers: given });
}

const idsOf = () => recorded.map(({ filterKeys }) => filterKeys[0]);

describe.each(['the core', 'a stream'])('from %s', (where) => {
  beforeEach(async () => {
    if (where === 'a stream')
      await jetStream.streams.add({ name: 'ORDERS', subjects: ['orders.>'] });
  });

  test('events come in binary mode, structured, and without headers', async () => {
    const started = await start('orders.>');
    publish('orders.a', HTTP.binary(event('binary', { subject: 'o-1' })));
    const structured = natsHeaders();
    structured.append('Content-Type', 'application/cloudevents+json; charset=utf-8');
    sender.publish('orders.b', event('structured').toString(), { headers: structured });
    sender.publish('orders.c', event('bare').toString());
    const encoded = natsHeaders();
    const attributes = { specversion: '1.0', id: 'euro', source: '/orders', type: 't' };
    for (const [name, value] of Object.entries(attributes)) encoded.append(`ce-${name}`, value);
    encoded.append('ce-subject', 'Euro%20%E2%82%AC%20%F0%9F%98%80');
    encoded.append('ce-datacontenttype', 'text/plain');
    sender.publish('orders.d', 'Euro € 😀', { headers: encoded });

    await vi.waitFor(
      () => expect(idsOf()).toEqual(['binary', 'structured', 'bare', 'euro']),
      within,
    );
    expect(recorded[0]).toMatchObject({
      dialect: 'CLOUDEVENTS',
      type: 'Order.Placed',
      key: 'o-1',
      source: { service: '/orders' },
      value: { id: 'binary' },
    });
    expect(recorded[3]).toMatchObject({ key: 'Euro € 😀', value: 'Euro € 😀' });
    expect(started).toMatchObject({ received: 4, skipped: 0 });
  });

  test('what is not an event is counted and blocks nobody', async () => {
    const started = await start('orders.*');
    sender.publish('orders.a', 'nonsense');
    sender.publish('orders.a', event('long', { subject: 'x'.repeat(2000) }).toString());
    const batch = natsHeaders();
    batch.append('Content-Type', 'application/cloudevents-batch+json');
    sender.publish('orders.a', '[]', { headers: batch });
    sender.publish('orders.a', event('good').toString());
    await vi.waitFor(() => expect(idsOf()).toEqual(['good']), within);
    await vi.waitFor(() => expect(started.skipped).toBe(3), within);
  });

  test('a time ahead of the clock is kept as a trait', async () => {
    await start('orders.*');
    sender.publish('orders.a', event('ahead', { time: '2999-01-01T00:00:00Z' }).toString());
    await vi.waitFor(() => expect(idsOf()).toEqual(['ahead']), within);
    expect(recorded[0]?.traits).toContainEqual(
      expect.objectContaining({ name: 'reportedTime', type: 'DATETIME' }),
    );
  });

  test('while the journal is down, events wait', async () => {
    const real = intake();
    let rejections = 0;
    await start('orders.*', {
      report(drafts, wait) {
        rejections += 1;
        return rejections <= 2
          ? Promise.reject(new Unavailable('down'))
          : real.report(drafts, wait);
      },
    });
    sender.publish('orders.a', event('1').toString());
    sender.publish('orders.a', event('2').toString());
    await vi.waitFor(() => expect(idsOf().toSorted()).toEqual(['1', '2']), within);
    expect(rejections).toBeGreaterThan(2);
  });
});

test('a stream keeps what comes while no gateway runs, and every message is acknowledged', async () => {
  await jetStream.streams.add({ name: 'ORDERS', subjects: ['orders.*', 'bills.*'] });
  for (const id of ['1', '2']) await sender.jetstream().publish('orders.a', event(id).toString());
  await sender.jetstream().publish('bills.a', event('another subject').toString());
  await start('orders.*');
  await vi.waitFor(() => expect(idsOf()).toEqual(['1', '2']), within);
  await vi.waitFor(async () => {
    const [consumer, ...others] = await jetStream.consumers.list('ORDERS').next();
    expect(others).toEqual([]);
    expect(consumer).toMatchObject({ num_ack_pending: 0, num_pending: 0 });
  }, within);

  await source?.[Symbol.asyncDispose]();
  await sender.jetstream().publish('bills.b', event('3').toString());
  await start('bills.*');
  await vi.waitFor(() => expect(idsOf()).toEqual(['1', '2', 'another subject', '3']), within);
});

test('goes on after the server was down', async () => {
  await start('orders.*');
  await server.kill();
  await server.restart();
  let sent = 0;
  await vi.waitFor(() => {
    sent += 1;
    sender.publish('orders.a', event(`${sent}`).toString());
    expect(recorded).not.toEqual([]);
  }, within);
});

test('two gateways share the messages of the core', async () => {
  const first = await start('orders.*');
  const second = new CloudEventsSource(
    { subject: 'orders.*', maxBatch: 100 },
    journal.link,
    intake(),
    silent,
  );
  await vi.waitFor(() => expect(second.healthReason()).toBeNull(), within);
  await journal.link.current.flush();
  const ids = Array.from({ length: 50 }, (_, at) => `${at}`);
  for (const id of ids) sender.publish('orders.a', event(id).toString());
  await vi.waitFor(() => expect(idsOf().toSorted()).toEqual(ids.toSorted()), within);
  expect(first.received + second.received).toBe(50);
  await second[Symbol.asyncDispose]();
});
