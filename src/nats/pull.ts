import { createInbox, type Msg, type NatsConnection, nanos, type Subscription } from 'nats';

export interface PullOptions {
  readonly stream: string;
  readonly consumer: string;
  /** Limits of one request; at most twice as much is held in memory. */
  readonly maxMessages: number;
  readonly maxBytes: number;
  /** Ends the iteration without an error. */
  readonly signal: AbortSignal;
}

/** The interval at which the server says that it still has a request. */
const heartbeatMs = 1000;
const expiryMs = 30_000;

const requestTimeout = 408;
const noMessages = 404;
const conflict = 409;
const idle = 100;

/**
 * The messages of a pull consumer, in batches of those that have arrived: never empty, no larger than asked for.
 * One request is open at a time, and the next is sent before the last batch is taken.
 * @throws Error from the iteration when the consumer is gone or the server has fallen silent
 */
export class NatsPull implements AsyncIterable<readonly Msg[]> {
  readonly #connection: NatsConnection;
  readonly #options: PullOptions;
  readonly #inbox = createInbox();
  readonly #subscription: Subscription;
  readonly #watch: NodeJS.Timeout;
  #request = 0;
  #outstanding = 0;
  #answered = false;
  #held: Msg[] = [];
  #heldBytes = 0;
  #missedHeartbeats = 0;
  #failure: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(connection: NatsConnection, options: PullOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#subscription = connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => this.#take(error, message),
    });
    this.#watch = setInterval(() => this.#listen(), heartbeatMs);
    options.signal.addEventListener('abort', this.#stop);
    this.#ask();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Msg[], void> {
    const { signal, maxMessages, maxBytes } = this.#options;
    try {
      for (;;) {
        if (signal.aborted) return;
        if (this.#held.length > 0) {
          const batch = this.#firstOf(maxMessages, maxBytes);
          this.#ask();
          yield batch;
          continue;
        }
        if (this.#failure !== null) throw this.#failure;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.#close();
    }
  }

  readonly #stop = (): void => {
    this.#wake?.();
  };

  #close(): void {
    clearInterval(this.#watch);
    this.#options.signal.removeEventListener('abort', this.#stop);
    this.#subscription.unsubscribe();
    this.#held = [];
  }

  /** Ends the iteration with an error, after what is held. */
  fail(reason: string): void {
    this.#failure ??= new Error(reason);
    this.#wake?.();
  }

  #firstOf(maxMessages: number, maxBytes: number): readonly Msg[] {
    let count = 0;
    let size = 0;
    for (const message of this.#held) {
      if (count >= maxMessages || (count > 0 && size + message.data.length > maxBytes)) break;
      count += 1;
      size += message.data.length;
    }
    const batch = this.#held.slice(0, count);
    this.#held = count === this.#held.length ? [] : this.#held.slice(count);
    this.#heldBytes -= size;
    return batch;
  }

  /** Asks for more, unless a request is open or enough is held. */
  #ask(messages = this.#options.maxMessages, bounded = true): void {
    const { stream, consumer, maxBytes } = this.#options;
    if (this.#outstanding > 0 || this.#failure !== null || this.#options.signal.aborted) return;
    if (this.#held.length >= this.#options.maxMessages || this.#heldBytes >= maxBytes) return;
    this.#request += 1;
    this.#outstanding = messages;
    this.#answered = false;
    const request = {
      batch: messages,
      ...(bounded && { max_bytes: maxBytes }),
      expires: nanos(expiryMs),
      idle_heartbeat: nanos(heartbeatMs),
    };
    const reply = `${this.#inbox}.${this.#request}`;
    try {
      const subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
      this.#connection.publish(subject, JSON.stringify(request), { reply });
    } catch {
      this.fail('the connection was closed');
    }
  }

  #take(error: Error | null, message: Msg): void {
    this.#missedHeartbeats = 0;
    if (error !== null) {
      this.fail(error.message);
    } else if (message.reply === undefined || message.reply === '') {
      // A delivery has a reply subject; the server's status of a request has none.
      this.#status(message);
    } else {
      this.#deliver(message);
    }
  }

  #deliver(message: Msg): void {
    this.#held.push(message);
    this.#heldBytes += message.data.length;
    this.#answered = true;
    this.#outstanding -= 1;
    if (this.#outstanding === 0) this.#ask();
    // The iteration goes on after this chunk of the socket was read: its messages come in one batch.
    this.#wake?.();
  }

  #status(message: Msg): void {
    const code = message.headers?.code ?? 0;
    const description = message.headers?.description.toLowerCase() ?? '';
    const stale = message.subject !== `${this.#inbox}.${this.#request}`;
    if (code === idle || stale) return;
    const tooLarge = code === conflict && description.includes('maxbytes');
    if (!tooLarge && code !== requestTimeout && code !== noMessages) {
      this.fail(`the server said ${code} ${description}`);
      return;
    }
    this.#outstanding = 0;
    // A single message larger than the bound comes alone.
    if (tooLarge && !this.#answered) this.#ask(1, false);
    else this.#ask();
  }

  /** Counts heartbeats, not time: a process that was busy must not take its own delay for the server's silence. */
  #listen(): void {
    this.#missedHeartbeats = this.#outstanding > 0 ? this.#missedHeartbeats + 1 : 0;
    if (this.#missedHeartbeats > 3) this.fail('the server fell silent');
  }
}
