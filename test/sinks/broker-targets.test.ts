import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { connect } from 'amqplib';
import { describe, expect, test, vi } from 'vitest';
import type { DeliveryRequest, Target } from '../../src/sinks/target.ts';
import { AmqpTarget } from '../../src/sinks/targets/amqp.ts';
import { KafkaTarget } from '../../src/sinks/targets/kafka.ts';
import { LogLines } from '../dialects/log-lines.ts';
import { freePort } from '../free-port.ts';
import { hasKafka, startKafka } from '../kafka.ts';
import { startKafkaController } from '../kafka-controller.ts';
import { patienceMs } from '../patience.ts';
import { hasRabbitMq, startRabbitMq } from '../rabbitmq.ts';

const request = (body: string): DeliveryRequest => ({
  message: {
    contentType: 'application/json',
    headers: { 'ce-type': 'Volume%20Create' },
    body,
  },
  messageId: `evt_${body}_1`,
  key: 'volume-1',
  headers: { 'tidings-sink': 's' },
  signal: new AbortController().signal,
});

const send = async (target: Target, ...bodies: string[]) =>
  await Promise.all(bodies.map((body) => target.deliver(request(body))));

describe.skipIf(!hasKafka)('Kafka', () => {
  test('gets messages in order with key and headers, CloudEvents attributes by the names of its binding', async () => {
    await using kafka = await startKafka();
    const { lines, log } = new LogLines();
    await using target = new KafkaTarget([kafka.broker], 'out', log);
    await vi.waitFor(async () => {
      const [outcome] = await send(target, '0');
      expect(outcome?.kind).toBe('DELIVERED');
    });
    const outcomes = await send(target, '1', '2', '3');
    expect(outcomes.map(({ kind }) => kind)).toEqual(['DELIVERED', 'DELIVERED', 'DELIVERED']);
    const format = '%k %s %h\n';
    const args = [
      '-C',
      '-b',
      kafka.broker,
      '-t',
      'out',
      '-o',
      'beginning',
      '-e',
      '-q',
      '-f',
      format,
    ];
    const { stdout } = await promisify(execFile)('kcat', args, { timeout: patienceMs });
    const taken = stdout.trim().split('\n');
    expect(taken.map((line) => line.split(' ')[1])).toEqual(['0', '1', '2', '3']);
    expect(taken[0]).toContain('volume-1 0 ');
    for (const header of [
      'ce_type=Volume Create',
      'content-type=application/json',
      'tidings-sink=s',
      'tidings-message-id=evt_0_1',
    ]) {
      expect(taken[0]).toContain(header);
    }
    // The cluster has no controller, which would give the producer its id.
    expect(lines.filter((line) => line.includes('Kafka gives out no producer ids'))).toHaveLength(
      1,
    );
  });

  test('is sent a message whose answer was lost again by the same producer, under the same sequence and in the same partition', async () => {
    await using kafka = await startKafka();
    await using controller = await startKafkaController(kafka.broker);
    const { lines, log } = new LogLines();
    await using target = new KafkaTarget([controller.address], 'out', log);
    const deliver = (body: string, key: string | null) => target.deliver({ ...request(body), key });
    await vi.waitFor(async () => expect((await deliver('0', 'a')).kind).toBe('DELIVERED'));
    for (const key of ['a', null]) {
      const before = controller.produced.length;
      controller.loseNextAnswer();
      expect((await deliver('1', key)).kind).toBe('DELIVERED');
      const [first, again] = controller.produced.slice(before);
      expect(again).toEqual(first);
      expect(first?.producerId).toBeGreaterThanOrEqual(0n);
      expect((await deliver('2', 'a')).kind).toBe('DELIVERED');
    }
    const ofKey = controller.produced.filter(
      ({ partition }) => partition === controller.produced[0]?.partition,
    );
    expect(new Set(controller.produced.map(({ producerId }) => producerId)).size).toBe(1);
    expect(ofKey.at(-1)?.sequence).toBeGreaterThanOrEqual(3);
    expect(lines).toEqual([]);
  });

  test('that is down is a failure of the target', async () => {
    await using target = new KafkaTarget(
      [`127.0.0.1:${await freePort()}`],
      'out',
      new LogLines().log,
    );
    expect(await send(target, '1')).toMatchObject([{ kind: 'TARGET_FAILED', status: null }]);
  });
});

describe.skipIf(!hasRabbitMq)('RabbitMQ', () => {
  test('confirms what a queue has; a message without a queue and a missing exchange are failures of the target, which recovers', async () => {
    await using rabbit = await startRabbitMq();
    const connection = await connect(rabbit.url);
    const channel = await connection.createChannel();
    await using target = new AmqpTarget(rabbit.url, 'out', 'events');

    expect(await send(target, '0')).toMatchObject([{ kind: 'TARGET_FAILED' }]);
    await channel.assertExchange('out', 'topic');
    expect(await send(target, '1')).toMatchObject([
      { kind: 'TARGET_FAILED', response: expect.stringContaining('No queue is bound') },
    ]);

    const { queue } = await channel.assertQueue('taken');
    await channel.bindQueue(queue, 'out', 'events');
    expect(await send(target, '2', '3')).toMatchObject([
      { kind: 'DELIVERED' },
      { kind: 'DELIVERED' },
    ]);
    const taken = [await channel.get(queue), await channel.get(queue)];
    expect(taken.map((message) => (message === false ? null : message.content.toString()))).toEqual(
      ['2', '3'],
    );
    expect(taken[0] === false ? null : taken[0]?.properties).toMatchObject({
      messageId: 'evt_2_1',
      contentType: 'application/json',
      deliveryMode: 2,
      headers: { cloudEvents_type: 'Volume Create', 'tidings-sink': 's' },
    });
    await connection.close();
    await rabbit.kill();
    expect(await send(target, '4')).toMatchObject([{ kind: 'TARGET_FAILED' }]);
  });
});
