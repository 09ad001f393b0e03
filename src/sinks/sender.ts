import type { ConsumerLease } from '../consumers/consumer.ts';
import type { Event } from '../event/event.ts';
import { traceparentOf } from '../event/traceparent.ts';
import type { FailedDelivery } from '../store/sinks/failed-delivery-table.ts';
import type { OpenSpan, Tracing } from '../telemetry/tracing.ts';
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
  /** Null where no traces are exported. */
  readonly tracing: Tracing | null;
}

type Sent = Pick<DeliveryRequest, 'message' | 'messageId' | 'key'> & {
  readonly indexes: readonly number[];
  readonly attempt: number;
  /** Of the events, where a first attempt knows them. */
  readonly events?: readonly Event[];
};

type Lease = Pick<ConsumerLease, 'isHeld' | 'signal'>;

/** Sends messages to a target, and notes each attempt. */
export class Sender {
  readonly #options: SenderOptions;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Null where the format has nothing to say of the events. */
  encode(events: readonly Event[]): EncodedMessage | UndeliverableEvent | null {
    const { encoder, target, sinkId, replay, routingKey, tracing } = this.#options;
    const last = events.at(-1);
    try {
      const message = encoder.encode(events, { sinkId, replay, routingKey });
      if (message === null || last === undefined) return message;
      const address = target.addressOf?.(last);
      const trace = tracing === null ? null : traceparentOf(last);
      if (address === undefined && trace === null) return message;
      const { headers } = message;
      return {
        ...message,
        // Kept with a failed delivery, whose event is not at hand.
        headers: { ...headers, ...address, ...(trace !== null && { traceparent: trace }) },
      };
    } catch (error) {
      if (error instanceof UndeliverableEvent) return error;
      throw error;
    }
  }

  events(
    message: EncodedMessage,
    events: readonly Event[],
    lease: Lease,
  ): Promise<DeliveryOutcome> {
    const event = events.at(-1) ?? null;
    return this.#send(lease, {
      message,
      messageId: messageIdOf(events),
      key: event?.key ?? null,
      indexes: events.map(({ index }) => index),
      attempt: 1,
      events,
    });
  }

  again(
    { contentType, headers, body, eventId, index, key, attempts }: FailedDelivery,
    lease: Lease,
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
    lease: Lease,
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

  #send(lease: Lease, sent: Sent): Promise<DeliveryOutcome> {
    const { tracing } = this.#options;
    return tracing === null ? this.#attempt(lease, sent) : this.#traced(tracing, lease, sent);
  }

  /** The target is sent the attempt's own span, as the one that its work belongs to. */
  #traced(tracing: Tracing, lease: Lease, sent: Sent): Promise<DeliveryOutcome> {
    const { message, indexes, attempt, events } = sent;
    const attributes = {
      'tidings.sink': this.#options.sinkId,
      'tidings.attempt': attempt,
      'tidings.events': indexes.length,
      'tidings.index': indexes.at(-1) ?? 0,
    };
    const causes = events?.map(traceparentOf) ?? [message.headers.traceparent ?? null];
    const options = { kind: 'PRODUCER', attributes, causes, detached: true } as const;
    return tracing.span('sink delivery', options, async (span) => {
      const outcome = await this.#attempt(lease, sent, span);
      const { kind, status } = outcome;
      span.set({ 'tidings.outcome': kind, ...(status !== null && { 'tidings.status': status }) });
      if (kind !== 'DELIVERED') span.fail(kind);
      return outcome;
    });
  }

  async #attempt(
    lease: Lease,
    { message, messageId, key, indexes, attempt }: Sent,
    span?: OpenSpan,
  ): Promise<DeliveryOutcome> {
    if (!lease.isHeld()) throw new Error('the lease has ended');
    const { target, sinkId, replay, attempted } = this.#options;
    const headers: Record<string, string> = {
      'tidings-sink': sinkId,
      'tidings-attempt': String(attempt),
    };
    if (indexes.length > 0) headers['tidings-index'] = String(indexes.at(-1));
    if (replay) headers['tidings-replay'] = '1';
    if (span !== undefined) headers.traceparent = span.traceparent;
    const beginMs = performance.now();
    const outcome = await target.deliver({
      message,
      messageId,
      key,
      headers,
      signal: lease.signal,
    });
    attempted({
      atMs: Date.now(),
      indexes,
      succeeded: outcome.kind === 'DELIVERED',
      status: outcome.status,
      milliseconds: toMicroseconds(performance.now() - beginMs),
      response: outcome.response,
    });
    return outcome;
  }
}

/** Milliseconds with three digits after the point. */
const toMicroseconds = (milliseconds: number): number => Math.round(milliseconds * 1_000) / 1_000;
