import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { CeilometerAmqpSettings } from '../../../src/dialects/ceilometer/amqp/settings.ts';
import { CeilometerAmqpSource } from '../../../src/dialects/ceilometer/source.ts';
import type { Log } from '../../../src/telemetry/log.ts';
import { bootGateway } from '../../harness.ts';
import { patienceMs } from '../../patience.ts';
import { hasRabbitMq, startRabbitMq, type TestRabbitMq } from '../../rabbitmq.ts';
import { bare, enveloped, notification, startGateway, type TestGateway } from './gateway.ts';

const exchanges = ['nova', 'cinder'];
const levels = ['info', 'error', 'audit'];
const wait = { timeout: patienceMs, interval: 50 };
const uuid = (at: number) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;

describe.skipIf(!hasRabbitMq)('notifications from RabbitMQ', () => {
  let broker: TestRabbitMq;
  let gateway: TestGateway;
  let connection: ChannelModel;
  let channel: ConfirmChannel;
  const warned: unknown[] = [];
  const sources: CeilometerAmqpSource[] = [];

  beforeAll(async () => {
    const quiet = () => {};
    const warn = (said: unknown) => warned.push(said);
    const log = { debug: quiet, info: quiet, warn, error: warn } as unknown as Log;
    [broker, gateway] = await Promise.all([startRabbitMq(), startGateway({}, log)]);
    connection = await connect(broker.url);
    connection.on('error', () => {});
    channel = await connection.createConfirmChannel();
  }, 120_000);

  afterEach(async () => {
    await Promise.all(sources.splice(0).map((source) => source[Symbol.asyncDispose]()));
    for (const level of levels) await channel.deleteQueue(`notifications.${level}`);
    for (const exchange of exchanges) await channel.deleteExchange(exchange);
    await channel.deleteQueue('tidings.refused');
    warned.length = 0;
  });

  afterAll(async () => {
    await connection?.close();
    await gateway?.[Symbol.asyncDispose]();
    await broker?.[Symbol.asyncDispose]();
  });

  /** Follows the queues, and resolves once it does. */
  async function follow(settings: Partial<CeilometerAmqpSettings> = {}) {
    const source = new CeilometerAmqpSource(gateway.context, gateway.ceilometer, {
      urls: [broker.url],
      exchanges,
      levels,
      ...settings,
    });
    sources.push(source);
    await vi.waitFor(() => expect(source.healthReason()).toBeNull(), wait);
    return source;
  }

  const publish = (exchange: string, level: string, content: Buffer | object): Promise<void> =>
    new Promise((resolve, reject) => {
      const body = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
      channel.publish(exchange, `notifications.${level}`, body, { persistent: true }, (error) =>
        error ? reject(error) : resolve(),
      );
    });

  const recorded = async (id: string) => (await gateway.events()).find((event) => event.id === id);
  const untilRecorded = (id: string) =>
    vi.waitFor(async () => expect(await recorded(id)).toBeDefined(), wait);
  const waitingIn = async (queue: string) => (await channel.checkQueue(queue)).messageCount;

  test('both forms on the wire become events, at the levels info and error alone', async () => {
    await follow();
    await publish('nova', 'info', enveloped(notification(uuid(1))));
    await publish('cinder', 'error', bare(notification(uuid(2), { priority: 'ERROR' })));
    await publish('nova', 'audit', enveloped(notification(uuid(3), { priority: 'AUDIT' })));
    await publish('nova', 'info', { ...bare(notification(uuid(4))), priority: undefined });
    await untilRecorded(uuid(1));
    await untilRecorded(uuid(2));
    await untilRecorded(uuid(4));
    expect(await recorded(uuid(2))).toMatchObject({ severity: 'ERROR', dialect: 'CEILOMETER' });
    await vi.waitFor(async () => expect(await waitingIn('notifications.audit')).toBe(0), wait);
    expect(await recorded(uuid(3))).toBeUndefined();
  });

  test('messages from before the gateway started are taken too', async () => {
    await channel.assertExchange('nova', 'topic', { durable: false });
    await channel.assertQueue('notifications.info', { durable: false });
    await channel.bindQueue('notifications.info', 'nova', 'notifications.info');
    await publish('nova', 'info', enveloped(notification(uuid(10))));
    await follow();
    await untilRecorded(uuid(10));
  });

  test('exchanges and queues that are declared otherwise are taken as they are', async () => {
    await channel.assertExchange('nova', 'topic', { durable: true });
    await channel.assertQueue('notifications.info', {
      durable: true,
      arguments: { 'x-message-ttl': 600_000 },
    });
    await follow({ durable: false });
    await publish('nova', 'info', enveloped(notification(uuid(20))));
    await untilRecorded(uuid(20));
  });

  test('a Ceilometer next to the gateway keeps its queue', async () => {
    await follow();
    await sources.pop()?.[Symbol.asyncDispose]();
    await follow({ queuePrefix: 'tidings.' });
    await publish('nova', 'info', enveloped(notification(uuid(30))));
    await untilRecorded(uuid(30));
    expect(await waitingIn('notifications.info')).toBe(1);
    for (const level of levels) await channel.deleteQueue(`tidings.notifications.${level}`);
  });

  test('what cannot be read is logged once and set aside, and the rest goes on', async () => {
    const source = await follow();
    await publish('nova', 'info', Buffer.from([0xff, 0xfe]));
    await publish('nova', 'info', enveloped(notification('x', { payload: { memory_mb: 'two' } })));
    await publish('nova', 'info', { 'oslo.version': '3.0', 'oslo.message': '{}' });
    await publish('nova', 'info', enveloped(notification(uuid(40))));
    await untilRecorded(uuid(40));
    await vi.waitFor(async () => expect(await waitingIn('tidings.refused')).toBe(3), wait);
    await vi.waitFor(() => expect(source.skipped).toBe(3), wait);
    expect(warned).toHaveLength(1);

    await channel.get('tidings.refused', { noAck: true });
    const rejected = await channel.get('tidings.refused', { noAck: true });
    const headers = {
      exchange: 'nova',
      routingKey: 'notifications.info',
      reason: 'It cannot be converted: trait memory_mb: "two" is no integer.',
    };
    expect(rejected).toMatchObject({ properties: { headers } });
    expect(await waitingIn('notifications.info')).toBe(0);
  });

  test('while the journal is down messages wait unacknowledged, and are taken once it is up again', async () => {
    const source = await follow();
    gateway.journalDown = true;
    for (let at = 50; at < 60; at++)
      await publish('nova', 'info', enveloped(notification(uuid(at))));
    await vi.waitFor(() => expect(source.healthReason()).toContain('The journal is down.'), wait);
    gateway.journalDown = false;
    for (let at = 50; at < 60; at++) await untilRecorded(uuid(at));
    await vi.waitFor(() => expect(source.healthReason()).toBeNull(), wait);
    expect(source.skipped).toBe(0);
  });

  test('messages that wait go back to their queue when the source ends while the journal is down', async () => {
    const source = await follow();
    gateway.journalDown = true;
    for (let at = 70; at < 80; at++)
      await publish('nova', 'info', enveloped(notification(uuid(at))));
    await vi.waitFor(() => expect(source.healthReason()).toContain('The journal is down.'), wait);
    await source[Symbol.asyncDispose]();
    await vi.waitFor(async () => expect(await waitingIn('notifications.info')).toBe(10), wait);
    gateway.journalDown = false;
    await follow();
    for (let at = 70; at < 80; at++) await untilRecorded(uuid(at));
  });

  test('a queue that is deleted is declared again', async () => {
    await follow();
    await channel.deleteQueue('notifications.info');
    await vi.waitFor(async () => {
      await publish('nova', 'info', enveloped(notification(uuid(60))));
      expect(await recorded(uuid(60))).toBeDefined();
    }, wait);
  });

  test('stopping takes what has arrived and leaves the rest in the queue', async () => {
    await follow({ prefetch: 5 });
    const many = Array.from({ length: 100 }, (_, at) => uuid(100 + at));
    await Promise.all(many.map((id) => publish('nova', 'info', enveloped(notification(id)))));
    await untilRecorded(uuid(100));
    await sources.pop()?.[Symbol.asyncDispose]();
    const left = await waitingIn('notifications.info');
    const events = (await gateway.events()).filter(({ id }) => many.includes(id));
    expect(events).toHaveLength(many.length - left);
  });

  test('a gateway that is given the transport_url of the services', async () => {
    await using booted = await bootGateway({
      environment: {
        AMQP_URL: `${broker.url.replace('amqp:', 'rabbit:')}/`,
        TIDINGS_AMQP_EXCHANGES: exchanges.join(),
      },
    });
    const queue = 'notifications.info';
    await channel.assertExchange('nova', 'topic', { durable: false });
    await channel.assertQueue(queue, { durable: false });
    await channel.bindQueue(queue, 'nova', queue);
    await publish('nova', 'info', enveloped(notification(uuid(200))));
    const document = `{ event(id: "${uuid(200)}") { type dialect } }`;
    const event = { type: 'compute.instance.create.end', dialect: 'CEILOMETER' };
    await vi.waitFor(async () => expect(await booted.gql(document)).toEqual({ event }), wait);
  });

  test('no message, however odd, stops the consumer', async () => {
    const source = await follow();
    let at = 300;
    const odd = fc.oneof(
      fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((json) => Buffer.from(json)),
      fc.record({ 'oslo.version': fc.json(), 'oslo.message': fc.json() }),
      fc.object().map((payload) => enveloped(notification('odd', { payload }))),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(odd, { maxLength: 20 }), async (messages) => {
        for (const message of messages) await publish('nova', 'info', message);
        const good = uuid(at++);
        await publish('nova', 'info', enveloped(notification(good)));
        await untilRecorded(good);
        expect(source.healthReason()).toBeNull();
      }),
      { numRuns: 15 },
    );
  });
});
