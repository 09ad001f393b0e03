import { Kafka, logLevel, type Producer } from 'kafkajs';
import { afterAll, beforeAll, describe, test } from 'vitest';
import {
  type SkyWalkingKafkaSettings,
  SkyWalkingKafkaSource,
} from '../../../src/dialects/skywalking/source.ts';
import { hasKafka, produce, startForwarder, startKafka, type TestKafka } from '../../kafka.ts';
import { patienceMs } from '../../patience.ts';
import { type AgentEvent, serialised } from './agent.ts';
import { type SkyWalkingGateway, startGateway } from './gateway.ts';
import { queryEvents } from './query-client.ts';

const topic = 'skywalking-events';
/** A group begins with a pause of 3 s, in which others may join. */
const patience = { timeout: patienceMs, interval: 50 };

const event = (name: string, more: AgentEvent = {}): AgentEvent => ({
  name,
  source: { service: 'kafka' },
  layer: 'GENERAL',
  startTime: 1_700_000_000_000,
  ...more,
});

describe.skipIf(!hasKafka)('Kafka (needs kcat: apt-get install kcat)', { concurrent: true }, () => {
  let gateway: SkyWalkingGateway;
  let kafka: TestKafka;
  let producer: Producer;

  const follow = (settings: Partial<SkyWalkingKafkaSettings> = {}) =>
    new SkyWalkingKafkaSource(gateway.context, {
      brokers: [kafka.broker],
      namespace: null,
      group: 'tidings',
      maxBatch: 3,
      ...settings,
    });
  const found = (uuid: string) => queryEvents(gateway.url, { uuid, paging: { pageSize: 10 } });
  const count = (service: string) => gateway.context.store.count({ source: { service } });

  beforeAll(async () => {
    kafka = await startKafka();
    gateway = await startGateway({
      KAFKA_BROKERS: kafka.broker,
      TIDINGS_KAFKA_NAMESPACE: 'told',
      TIDINGS_MAX_EVENTS: '3',
    });
    const client = new Kafka({ brokers: [kafka.broker], logLevel: logLevel.NOTHING });
    producer = client.producer();
    await producer.connect();
  });
  afterAll(async () => {
    await producer.disconnect();
    await kafka[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
  });

  test('events that were written before and after anybody followed', async ({ expect }) => {
    await produce(kafka.broker, topic, 'u-before', serialised(event('Before')));
    await using source = follow();
    await expect.poll(() => found('u-before'), patience).toMatchObject([{ name: 'Before' }]);
    expect(source.healthReason()).toBeNull();

    const messages = Array.from({ length: 600 }, (_, at) => ({
      key: `u-${at}`,
      value: serialised(event('After', { uuid: `u-${at}`, source: { service: 'after' } })),
    }));
    await producer.send({ topic, messages });
    await expect.poll(() => count('after'), patience).toBe(600);
    expect(source.skipped).toBe(0);
  });

  test('the gateway follows the configured topic', async ({ expect }) => {
    const messages = Array.from({ length: 7 }, (_, at) => ({
      key: 'told',
      value: serialised(event('Told', { uuid: `told-${at}`, source: { service: 'told' } })),
    }));
    await producer.send({ topic: `told-${topic}`, messages });
    await expect.poll(() => count('told'), patience).toBe(7);
  });

  test('what cannot be read is skipped, and the rest is taken', async ({ expect }) => {
    await using source = follow({ group: 'odd', namespace: 'odd' });
    const written = String(1_600_000_000_000);
    await producer.send({
      topic: `odd-${topic}`,
      messages: [
        { key: 'odd', value: Buffer.from('ffff', 'hex') },
        { key: 'odd', value: null },
        { key: 'u-ahead', value: serialised(event('Ahead', { startTime: Date.now() + 1e9 })) },
        { key: 'u-key', value: serialised(event('Keyed')) },
        {
          value: serialised(event('Timeless', { startTime: 0 })),
          key: 'u-timeless',
          timestamp: written,
        },
      ],
    });
    await expect.poll(() => found('u-key'), patience).toMatchObject([{ name: 'Keyed' }]);
    await expect
      .poll(() => found('u-timeless'), patience)
      .toMatchObject([{ startTime: Number(written), endTime: Number(written) }]);
    await expect.poll(() => found('u-ahead'), patience).toMatchObject([{ name: 'Ahead' }]);
    await expect.poll(() => source.skipped, patience).toBe(2);
  });

  test('a group goes on where it was, and takes a message twice as once', async ({ expect }) => {
    const namespaced = { namespace: 'group', group: 'again' };
    const send = (name: string) =>
      producer.send({
        topic: `group-${topic}`,
        messages: [{ key: null, value: serialised(event(name, { source: { service: 'group' } })) }],
      });
    await send('First');
    const earlier = follow(namespaced);
    await expect.poll(() => count('group'), patience).toBe(1);
    await earlier[Symbol.asyncDispose]();
    await send('Second');
    await using _source = follow(namespaced);
    await expect.poll(() => count('group'), patience).toBe(2);
    // Another group reads everything again: the same messages are the same events.
    const other = follow({ ...namespaced, group: 'other' });
    await expect.poll(() => other.healthReason(), patience).toBeNull();
    await send('Third');
    await expect.poll(() => count('group'), patience).toBe(3);
    await other[Symbol.asyncDispose]();
    expect(await count('group')).toBe(3);
  }, 60_000);

  test('Kafka comes, goes and comes again', async ({ expect }) => {
    const brokers = await startForwarder();
    await using source = follow({ brokers: [brokers.address], namespace: 'late' });
    const write = async (broker: string, name: string) => {
      const message = serialised(event(name, { source: { service: 'late' } }));
      await produce(broker, `late-${topic}`, `u-${name}`, message);
    };
    await expect
      .poll(() => source.healthReason(), patience)
      .toBe(`Kafka cannot be followed at ${brokers.address}.`);

    await using first = await startKafka();
    brokers.forwardTo(first.broker);
    await write(first.broker, 'first');
    await expect.poll(() => count('late'), patience).toBe(1);
    expect(source.healthReason()).toBeNull();

    await first.kill();
    await expect
      .poll(() => source.healthReason(), patience)
      .toBe(`Kafka cannot be followed at ${brokers.address}.`);
    await using second = await startKafka();
    brokers.forwardTo(second.broker);
    await write(second.broker, 'second');
    await expect.poll(() => count('late'), patience).toBe(2);
    await brokers[Symbol.asyncDispose]();
  }, 60_000);
});
