import { Kafka, logLevel, type Producer } from 'kafkajs';
import {
  type DeliveryOutcome,
  type DeliveryRequest,
  type Target,
  targetFailed,
} from '../target.ts';
import { messageHeaders } from './message-headers.ts';

const connectionTimeoutMs = 5_000;
const requestTimeoutMs = 15_000;
/** Errors of Kafka by which it rejects this message, whenever it comes. */
const tooLarge = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/**
 * Sends messages to a topic, one request at a time, and waits until all replicas have each. A request that is repeated
 * may be there twice, as in every target: both have the same id. The key is the event's, so that the events of a key are in one partition.
 */
export class KafkaTarget implements Target {
  readonly #brokers: readonly string[];
  readonly #topic: string;
  #producer: Promise<Producer> | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param brokers host:port each */
  constructor(brokers: readonly string[], topic: string) {
    this.#brokers = brokers;
    this.#topic = topic;
  }

  deliver(delivery: DeliveryRequest): Promise<DeliveryOutcome> {
    const outcome = this.#turn.then(() => this.#send(delivery));
    this.#turn = outcome.catch(() => {});
    return outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    await this.#disconnect();
  }

  async #send(delivery: DeliveryRequest): Promise<DeliveryOutcome> {
    delivery.signal.throwIfAborted();
    const { message, key } = delivery;
    const headers = {
      ...messageHeaders(delivery, 'ce_'),
      'content-type': message.contentType,
    };
    try {
      this.#producer ??= this.#connected();
      const producer = await this.#producer;
      const [sent] = await producer.send({
        topic: this.#topic,
        acks: -1,
        timeout: requestTimeoutMs,
        messages: [{ key, value: message.body, headers }],
      });
      const response = `${this.#topic}/${sent?.partition} ${sent?.baseOffset}`;
      return { kind: 'DELIVERED', status: null, response };
    } catch (error) {
      const { type, message: reason } = error as { type?: string; message: string };
      if (type !== undefined && tooLarge.has(type)) {
        return { kind: 'MESSAGE_REJECTED', status: null, response: reason, final: true };
      }
      // The next attempt begins with a new connection.
      await this.#disconnect();
      return targetFailed(error);
    }
  }

  async #connected(): Promise<Producer> {
    const kafka = new Kafka({
      clientId: 'tidings',
      brokers: [...this.#brokers],
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // The pauses are the sink's.
      retry: { retries: 1 },
      logLevel: logLevel.NOTHING,
    });
    const producer = kafka.producer({
      maxInFlightRequests: 1,
      retry: { retries: 1 },
    });
    await producer.connect();
    return producer;
  }

  async #disconnect(): Promise<void> {
    const producer = this.#producer;
    this.#producer = null;
    await producer?.then((connected) => connected.disconnect()).catch(() => {});
  }
}
