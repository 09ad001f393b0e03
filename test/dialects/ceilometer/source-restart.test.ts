import { setTimeout } from 'node:timers/promises';
import { type ConfirmChannel, connect } from 'amqplib';
import { describe, expect, test, vi } from 'vitest';
import { CeilometerAmqpSource } from '../../../src/dialects/ceilometer/source.ts';
import { everything } from '../../../src/event/filter.ts';
import { patienceMs } from '../../patience.ts';
import { hasRabbitMq, startRabbitMq, type TestRabbitMq } from '../../rabbitmq.ts';
import { enveloped, notification, startGateway } from './gateway.ts';

const total = 2_000;
/** Messages on their way to the broker at a time. */
const together = 20;
const wait = { timeout: patienceMs, interval: 100 };
const uuid = (at: number) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;

describe.skipIf(!hasRabbitMq)('a broker that is killed and comes back', () => {
  test('loses nothing that it had confirmed, and nothing is recorded twice', async () => {
    await using broker = await startRabbitMq();
    await using gateway = await startGateway();
    const settings = { urls: [broker.url], exchanges: ['nova'], levels: ['info'], durable: true };
    await using source = new CeilometerAmqpSource(gateway.context, gateway.ceilometer, settings);
    await vi.waitFor(() => expect(source.healthReason()).toBeNull(), wait);

    const storm = new Storm(broker);
    const published = storm.publishAll();
    await vi.waitFor(() => expect(storm.confirmed).toBeGreaterThan(total / 4), wait);
    await broker.kill();
    expect(storm.confirmed).toBeLessThan(total);
    await vi.waitFor(
      () => expect(source.healthReason()).toMatch(/^RabbitMQ's queues cannot be followed/),
      wait,
    );
    await broker.start();
    await published;

    await vi.waitFor(
      async () => expect(await gateway.context.store.count(everything)).toBe(total),
      wait,
    );
    expect(source.healthReason()).toBeNull();
    expect(source.skipped).toBe(0);
  }, 180_000);
});

/** Publishes notifications and, as oslo.messaging does, publishes again whatever was not confirmed. */
class Storm {
  readonly #broker: TestRabbitMq;
  readonly #unconfirmed = new Set(Array.from({ length: total }, (_, at) => at));

  constructor(broker: TestRabbitMq) {
    this.#broker = broker;
  }

  get confirmed(): number {
    return total - this.#unconfirmed.size;
  }

  async publishAll(): Promise<void> {
    while (this.#unconfirmed.size > 0) {
      try {
        await this.#publishRest();
      } catch {
        await setTimeout(100);
      }
    }
  }

  async #publishRest(): Promise<void> {
    const connection = await connect(this.#broker.url, { timeout: 5_000 });
    connection.on('error', () => {});
    const channel = await connection.createConfirmChannel();
    const rest = [...this.#unconfirmed];
    while (rest.length > 0) {
      await Promise.all(rest.splice(0, together).map((at) => this.#publish(channel, at)));
    }
    await connection.close();
  }

  #publish(channel: ConfirmChannel, at: number): Promise<void> {
    const body = Buffer.from(JSON.stringify(enveloped(notification(uuid(at)))));
    return new Promise((resolve, reject) => {
      channel.publish('nova', 'notifications.info', body, { persistent: true }, (error) => {
        if (error) return reject(error);
        this.#unconfirmed.delete(at);
        resolve();
      });
    });
  }
}
