import { Kafka, logLevel, type Message, Partitioners, type Producer } from 'kafkajs';
import type { Log } from '../../telemetry/log.ts';
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
/** Kafka has the message from an earlier request of the same sequence, whose answer was lost. */
const alreadyThere = 'DUPLICATE_SEQUENCE_NUMBER';
/** How often a request without an answer is repeated under the same sequence, within about two seconds. */
const retries = 3;
const idHeader = 'tidings-message-id';

/**
 * Sends messages to a topic, one request at a time, and waits until all replicas have each. A request without an answer is
 * repeated by the same producer, so that Kafka keeps its message once; where all repeats fail, a later attempt is
 * another producer's, and the message may be there twice under one id. The key is the event's, so that the events of a key are in one partition.
 */
export class KafkaTarget implements Target {
  readonly #brokers: readonly string[];
  readonly #topic: string;
  readonly #log: Log;
  #producer: Promise<Producer> | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #isWarned = false;

  /** @param brokers host:port each */
  constructor(brokers: readonly string[], topic: string, log: Log) {
    this.#brokers = brokers;
    this.#topic = topic;
    this.#log = log;
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
      const { type, message: reason } = protocolError(error);
      if (type === alreadyThere) return { kind: 'DELIVERED', status: null, response: reason };
      if (type !== undefined && tooLarge.has(type)) {
        return { kind: 'MESSAGE_REJECTED', status: null, response: reason, final: true };
      }
      // A new producer: the sequence of this message, which may be there, must not be that of the next one.
      await this.#disconnect();
      return targetFailed(error);
    }
  }

  /** An idempotent producer; a plain one where the cluster gives it no producer id. */
  async #connected(): Promise<Producer> {
    try {
      return await this.#connect(true);
    } catch (error) {
      if (!isWithoutProducerIds(error)) throw error;
      const producer = await this.#connect(false);
      if (!this.#isWarned) this.#log.warn({ topic: this.#topic, error }, notIdempotent);
      this.#isWarned = true;
      return producer;
    }
  }

  async #connect(idempotent: boolean): Promise<Producer> {
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
      idempotent,
      maxInFlightRequests: 1,
      createPartitioner: byKeyOrId,
      retry: { retries: idempotent ? retries : 1 },
    });
    try {
      await producer.connect();
      return producer;
    } catch (error) {
      await producer.disconnect().catch(() => {});
      throw error;
    }
  }

  async #disconnect(): Promise<void> {
    const producer = this.#producer;
    this.#producer = null;
    await producer?.then((connected) => connected.disconnect()).catch(() => {});
  }
}

const notIdempotent =
  'Kafka gives out no producer ids: a message whose answer is lost may be there twice.';

/** A message without a key is placed by its id: its repeats are in one partition. */
const byKeyOrId = () => {
  const place = Partitioners.DefaultPartitioner();
  return (placed: Parameters<typeof place>[0]): number => {
    const { message } = placed;
    return place({ ...placed, message: { ...message, key: message.key ?? idOf(message) } });
  };
};

const idOf = ({ headers }: Message): string => String(headers?.[idHeader]);

/** The error of Kafka's protocol, which the last of several attempts failed with. */
function protocolError(error: unknown): { readonly type?: string; readonly message: string } {
  const { cause } = error as Error;
  return (cause instanceof Error && 'type' in cause ? cause : error) as Error & { type?: string };
}

/** The cluster is there, and has no controller, no such request, or no right to it for this account. */
function isWithoutProducerIds(error: unknown): boolean {
  const { name } = error as Error;
  return (
    name === 'KafkaJSBrokerNotFound' ||
    name === 'KafkaJSServerDoesNotSupportApiKey' ||
    protocolError(error).type === 'CLUSTER_AUTHORIZATION_FAILED'
  );
}
