import type { ConsumerLease } from '../consumers/consumer.ts';
import type { Event } from '../event/event.ts';
import type { FailedDelivery } from '../store/sinks/failed-delivery-table.ts';
import type { EncodedMessage, Encoder } from './encoder.ts';
import { UndeliverableEvent } from './encoder.ts';
import { messageIdOf } from './job.ts';
import type { DeliveryOutcome, DeliveryRequest, Target } from './target.ts';

/** One attempt as the sink's owner is shown it. */
export interface DeliveryAttempt {
  readonly atMs: number;
  readonly indexes: readonly number[];
  readonly succeeded: boolean;
  readonly status: number | null;
  readonly milliseconds: number;
  readonly response: string | null;
}

export interface SenderOptions {
  readonly sinkId: string;
  readonly encoder: Encoder;
  readonly target: Target;
  readonly routingKey: string | null;
  readonly replay: boolean;
  readonly attempted: (attempt: DeliveryAttempt) => void;
}

type Sent = Pick<DeliveryRequest, 'message' | 'messageId' | 'key'> & {
  readonly indexes: readonly number[];
  readonly attempt: number;
};

/** Sends messages to a target, and notes each attempt. */
export class Sender {
  readonly #options: SenderOptions;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Null where the format has nothing to say of the events. */
  encode(events: readonly Event[]): EncodedMessage | UndeliverableEvent | null {
    const { encoder, target, sinkId, replay, routingKey } = this.#options;
    const last = events.at(-1);
    try {
      const message = encoder.encode(events, { sinkId, replay, routingKey });
      if (message === null || last === undefined || target.addressOf === undefined) return message;
      return { ...message, headers: { ...message.headers, ...target.addressOf(last) } };
    } catch (error) {
      if (error instanceof UndeliverableEvent) return error;
      throw error;
    }
  }

  events(
    message: EncodedMessage,
    events: readonly Event[],
    lease: Pick<ConsumerLease, 'isHeld' | 'signal'>,
  ): Promise<DeliveryOutcome> {
    const event = events.at(-1) ?? null;
    return this.#send(lease, {
      message,
      messageId: messageIdOf(events),
      key: event?.key ?? null,
      indexes: events.map(({ index }) => index),
      attempt: 1,
    });
  }

  again(
    { contentType, headers, body, eventId, index, key, attempts }: FailedDelivery,
    lease: Pick<ConsumerLease, 'isHeld' | 'signal'>,
  ): Promise<DeliveryOutcome> {
    return this.#send(lease, {
      message: { contentType, headers, body },
      messageId: `evt_${eventId}_${index}`,
      key,
      indexes: [index],
      attempt: attempts + 1,
    });
  }

  gap(
    message: EncodedMessage,
    { from, to }: { readonly from: number; readonly to: number },
    lease: Pick<ConsumerLease, 'isHeld' | 'signal'>,
  ): Promise<DeliveryOutcome> {
    const messageId = `gap_${from}_${to}`;
    return this.#send(lease, {
      message,
      messageId,
      key: null,
      indexes: [],
      attempt: 1,
    });
  }

  async #send(
    lease: Pick<ConsumerLease, 'isHeld' | 'signal'>,
    { indexes, attempt, ...sent }: Sent,
  ): Promise<DeliveryOutcome> {
    if (!lease.isHeld()) throw new Error('the lease has ended');
    const { target, sinkId, replay, attempted } = this.#options;
    const beginMs = performance.now();
    const outcome = await target.deliver({
      ...sent,
      headers: {
        'tidings-sink': sinkId,
        'tidings-attempt': String(attempt),
        ...(indexes.length > 0 && { 'tidings-index': String(indexes.at(-1)) }),
        ...(replay && { 'tidings-replay': '1' }),
      },
      signal: lease.signal,
    });
    attempted({
      atMs: Date.now(),
      indexes,
      succeeded: outcome.kind === 'DELIVERED',
      status: outcome.status,
      milliseconds: performance.now() - beginMs,
      response: outcome.response,
    });
    return outcome;
  }
}
