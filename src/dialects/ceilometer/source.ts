import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { Backoff, pause } from '../../runtime/backoff.ts';
import { SkipCounter } from '../../telemetry/skip-counter.ts';
import type { DialectContext } from '../dialect.ts';
import { AmqpInbox } from './amqp/inbox.ts';
import { type CeilometerAmqpSettings, defaultAmqpSettings } from './amqp/settings.ts';
import { declareQueues } from './amqp/topology.ts';
import type { Ceilometer } from './ceilometer.ts';

const shortestPause = 250;
const longestPause = 10_000;
const connectionTimeout = 5_000;
const closeTimeout = 4_000;

/**
 * Empties the queues of OpenStack's notifications on RabbitMQ. Whatever fails, the broker or the journal,
 * what was not acknowledged goes back into its queue with the connection, and after a growing pause it tries
 * again, for ever.
 */
export class CeilometerAmqpSource implements AsyncDisposable {
  readonly #context: DialectContext;
  readonly #ceilometer: Ceilometer;
  readonly #settings: CeilometerAmqpSettings;
  readonly #skipped: SkipCounter;
  readonly #backoff = new Backoff(shortestPause, longestPause);
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #attempts = 0;
  #healthReason: string | null = 'RabbitMQ has not answered yet.';

  constructor(
    context: DialectContext,
    ceilometer: Ceilometer,
    settings: Partial<CeilometerAmqpSettings> & Pick<CeilometerAmqpSettings, 'urls'>,
  ) {
    this.#context = context;
    this.#ceilometer = ceilometer;
    this.#settings = { ...defaultAmqpSettings, ...settings };
    this.#skipped = new SkipCounter(context.log, 'Notifications were set aside.');
    this.#running = this.#run();
  }

  /** How many messages could not be taken. */
  get skipped(): number {
    return this.#skipped.count;
  }

  /** Null while the queues are followed, else the reason why not, as a sentence. */
  healthReason(): string | null {
    return this.#healthReason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#healthReason = `Notifications cannot be taken from RabbitMQ: ${error instanceof Error ? error.message : error}`;
        this.#context.log.warn(this.#healthReason);
        await pause(this.#backoff.next(), signal);
      }
    }
  }

  /** Follows the queues until the signal is aborted. @throws what ended it before */
  async #follow(signal: AbortSignal): Promise<void> {
    const { urls, prefetch } = this.#settings;
    const url = withHeartbeat(urls[this.#attempts++ % urls.length] ?? '');
    const connection = await connect(url, {
      timeout: connectionTimeout,
      clientProperties: { connection_name: 'tidings' },
    });
    const over = new AbortController();
    const ended = untilEnded(connection, AbortSignal.any([signal, over.signal]));
    try {
      const queues = await declareQueues(connection, this.#settings);
      const channel = await connection.createConfirmChannel();
      const lost = untilLost(channel);
      await channel.prefetch(prefetch);
      const inbox = this.#inboxOf(channel);
      const tags: string[] = [];
      for (const { name, level } of queues) {
        const { consumerTag } = await channel.consume(name, (message) => {
          if (message === null) channel.emit('error', new Error(`the queue ${name} was deleted`));
          else inbox.add(message, level);
        });
        tags.push(consumerTag);
      }
      this.#healthReason = null;
      await Promise.race([ended, lost, inbox.failure]);
      await withinTime(finish(channel, tags, inbox));
    } finally {
      over.abort();
      await withinTime(connection.close());
    }
  }

  #inboxOf(channel: ConfirmChannel): AmqpInbox {
    return new AmqpInbox({
      channel,
      intake: this.#context.intake,
      ceilometer: this.#ceilometer,
      skipped: this.#skipped,
      messagesAtOnce: this.#settings.messagesAtOnce,
      refusedQueue: this.#settings.refusedQueue,
      taken: () => this.#backoff.reset(),
    });
  }
}

/** A broker that has fallen silent is noticed within half a minute, unless the URL has it otherwise. */
const withHeartbeat = (url: string): string =>
  /[?&]heartbeat=/.test(url) ? url : `${url}${url.includes('?') ? '&' : '?'}heartbeat=15`;

/** Lets nothing more in, and what is in go to its end. */
async function finish(
  channel: ConfirmChannel,
  tags: readonly string[],
  inbox: AmqpInbox,
): Promise<void> {
  for (const tag of tags) await channel.cancel(tag);
  await Promise.race([inbox.emptied(), inbox.failure]);
  await channel.close();
}

/** Resolves when the signal is aborted, rejects when the connection is lost before. */
function untilEnded(connection: ChannelModel, signal: AbortSignal): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
    connection.on('error', reject);
    connection.on('close', (error) => reject(error ?? new Error('the connection was closed')));
  });
  // It may end before anybody waits for it.
  ended.catch(() => {});
  return ended;
}

function untilLost(channel: ConfirmChannel): Promise<never> {
  const lost = new Promise<never>((_, reject) => {
    channel.on('error', reject);
    channel.on('close', () => reject(new Error('the channel was closed')));
  });
  lost.catch(() => {});
  return lost;
}

/** A broker that is gone never says goodbye. */
async function withinTime(work: Promise<void>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([work.catch(() => {}), pause(closeTimeout, timer.signal)]);
  timer.abort();
}
