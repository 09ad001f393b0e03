import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import {
  type DeliveryOutcome,
  type DeliveryRequest,
  type Target,
  targetFailed,
} from '../../../sinks/target.ts';
import { declareRoute } from '../amqp/topology.ts';

export interface NotifierTargetOptions {
  /** Brokers of one cluster, tried in turn. */
  readonly brokers: readonly string[];
  readonly exchange: string;
  /** Of the message and of its queue: event.sample. */
  readonly routingKey: string;
  readonly durable: boolean;
}

const timeoutMs = 10_000;

interface Open {
  readonly connection: ChannelModel;
  readonly channel: ConfirmChannel;
}

/** Publishes notifications to RabbitMQ as oslo.messaging does, and waits until the broker confirms each. */
export class NotifierTarget implements Target {
  readonly #options: NotifierTargetOptions;
  #open: Promise<Open> | null = null;
  #attempts = 0;

  constructor(options: NotifierTargetOptions) {
    this.#options = options;
  }

  async deliver(delivery: DeliveryRequest): Promise<DeliveryOutcome> {
    delivery.signal.throwIfAborted();
    try {
      this.#open ??= this.#connect();
      await this.#publish(await this.#open, delivery);
      return { kind: 'DELIVERED', status: null, response: null };
    } catch (error) {
      await this.#close();
      delivery.signal.throwIfAborted();
      return targetFailed(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #connect(): Promise<Open> {
    const { brokers, ...route } = this.#options;
    const broker = brokers[this.#attempts++ % brokers.length] ?? '';
    const connection = await connect(broker, {
      timeout: timeoutMs,
      clientProperties: { connection_name: 'tidings' },
    });
    connection.on('error', () => {});
    connection.on('close', () => {
      this.#open = null;
    });
    await declareRoute(connection, { ...route, key: route.routingKey });
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => {});
    return { connection, channel };
  }

  #publish({ channel }: Open, { message, headers, messageId }: DeliveryRequest): Promise<void> {
    const { exchange, routingKey } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`No confirmation within ${timeoutMs} ms.`)),
        timeoutMs,
      );
      const options = {
        contentType: message.contentType,
        contentEncoding: 'utf-8',
        persistent: true,
        messageId,
        headers,
      };
      channel.once('close', () => reject(new Error('The channel was closed.')));
      channel.publish(exchange, routingKey, Buffer.from(message.body), options, (error) => {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve();
      });
    });
  }

  async #close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.then(({ connection }) => connection.close()).catch(() => {});
  }
}
