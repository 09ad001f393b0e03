import type { Msg, NatsConnection, Subscription } from 'nats';

export interface CoreSubscriptionOptions {
  readonly subject: string;
  /** Gateways of one queue group share the messages. */
  readonly queue: string;
  /** Messages of one batch. */
  readonly messages: number;
  /** Messages and bytes that wait at most. */
  readonly maxWaiting: number;
  readonly maxWaitingBytes: number;
  /** Ends the iteration after the messages that have arrived were taken. */
  readonly signal: AbortSignal;
  /** Called with each message that there is no room for: core NATS does not send it again. */
  readonly onDropped: (message: Msg) => void;
}

/**
 * Messages of a subject without a stream, in batches of those that have arrived: never empty.
 * @throws Error from the iteration when the server ended the subscription
 */
export class CoreSubscription implements AsyncIterable<readonly Msg[]> {
  readonly #options: CoreSubscriptionOptions;
  readonly #subscription: Subscription;
  readonly #waiting: Msg[] = [];
  #waitingBytes = 0;
  #failure: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(connection: NatsConnection, options: CoreSubscriptionOptions) {
    this.#options = options;
    this.#subscription = connection.subscribe(options.subject, {
      queue: options.queue,
      callback: (error, message) => this.#take(error, message),
    });
    options.signal.addEventListener('abort', this.#stop);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Msg[], void> {
    const { signal, messages } = this.#options;
    try {
      for (;;) {
        if (this.#waiting.length > 0) {
          const batch = this.#waiting.splice(0, messages);
          yield batch;
          for (const { data } of batch) this.#waitingBytes -= data.length;
          continue;
        }
        if (signal.aborted) return;
        if (this.#failure !== null) throw this.#failure;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.#stop();
      signal.removeEventListener('abort', this.#stop);
    }
  }

  readonly #stop = (): void => {
    this.#subscription.unsubscribe();
    this.#wake?.();
  };

  #take(error: Error | null, message: Msg): void {
    const { maxWaiting, maxWaitingBytes, onDropped } = this.#options;
    if (error !== null) {
      this.#failure = error;
    } else if (this.#waiting.length >= maxWaiting || this.#waitingBytes >= maxWaitingBytes) {
      onDropped(message);
    } else {
      this.#waiting.push(message);
      this.#waitingBytes += message.data.length;
    }
    this.#wake?.();
  }
}
