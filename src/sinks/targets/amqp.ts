import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import {
  type DeliveryOutcome,
  type DeliveryRequest,
  type Target,
  targetFailed,
} from '../target.ts';
import { messageHeaders } from './message-headers.ts';

const connectionTimeoutMs = 5_000;
/** How long the broker has to confirm a message. */
const confirmTimeoutMs = 15_000;

interface Link {
  readonly connection: ChannelModel;
  readonly channel: ConfirmChannel;
  /** Ids of messages that no queue took: the broker returns them before it confirms them. */
  readonly returned: Set<string>;
}

/** Publishes persistent messages to an exchange. A message is delivered once the broker has confirmed that a queue has it. */
export class AmqpTarget implements Target {
  readonly #url: string;
  readonly #exchange: string;
  readonly #routingKey: string;
  #link: Promise<Link> | null = null;

  constructor(url: string, exchange: string, routingKey: string) {
    this.#url = url;
    this.#exchange = exchange;
    this.#routingKey = routingKey;
  }

  async deliver(delivery: DeliveryRequest): Promise<DeliveryOutcome> {
    delivery.signal.throwIfAborted();
    try {
      this.#link ??= this.#connected();
      return await this.#publish(await this.#link, delivery);
    } catch (error) {
      await this.#close();
      return targetFailed(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #publish({ channel, returned }: Link, delivery: DeliveryRequest): Promise<DeliveryOutcome> {
    const { message, messageId } = delivery;
    const [exchange, routingKey] = [this.#exchange, this.#routingKey];
    const options = {
      mandatory: true,
      persistent: true,
      messageId,
      contentType: message.contentType,
      headers: messageHeaders(delivery, 'cloudEvents_'),
    };
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`The broker did not confirm within ${confirmTimeoutMs} ms.`)),
        confirmTimeoutMs,
      );
      channel.publish(exchange, routingKey, Buffer.from(message.body), options, (error) => {
        clearTimeout(timer);
        if (error == null) resolve();
        else reject(error);
      });
    });
    if (!returned.delete(messageId)) return { kind: 'DELIVERED', status: null, response: null };
    return targetFailed(
      new Error(`No queue is bound to exchange ${exchange} by the routing key ${routingKey}.`),
    );
  }

  async #connected(): Promise<Link> {
    const connection = await connect(this.#url, {
      timeout: connectionTimeoutMs,
      clientProperties: { connection_name: 'tidings sink' },
    });
    const lost = () => {
      this.#link = null;
    };
    // The library rejects pending messages itself; without a listener an error would end the process.
    connection.on('error', lost);
    connection.on('close', lost);
    const channel = await connection.createConfirmChannel();
    const returned = new Set<string>();
    channel.on('error', lost);
    channel.on('close', () => {
      lost();
      connection.close().catch(() => {});
    });
    channel.on('return', ({ properties }) => returned.add(String(properties.messageId)));
    return { connection, channel, returned };
  }

  async #close(): Promise<void> {
    const link = this.#link;
    this.#link = null;
    await link?.then(({ connection }) => connection.close()).catch(() => {});
  }
}
