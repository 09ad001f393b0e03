import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { EitherSignal } from '../../runtime/either-signal.ts';
import { settledWithin } from '../../runtime/settled-within.ts';
import { SkipCounter } from '../../telemetry/skip-counter.ts';
import type { DialectContext } from '../dialect.ts';
import { type Source, type SourceRun, Supervision } from '../source.ts';
import { AmqpInbox } from './amqp/inbox.ts';
import { type CeilometerAmqpSettings, defaultAmqpSettings } from './amqp/settings.ts';
import { declareQueues } from './amqp/topology.ts';
import type { Ceilometer } from './ceilometer.ts';

const shortestPauseMs = 250;
const longestPauseMs = 10_000;
const connectionTimeoutMs = 5_000;
/** A lost broker never answers the close. */
const closeTimeoutMs = 4_000;

/**
 * Empties the queues of OpenStack's notifications on RabbitMQ. While the journal is down, messages wait here,
 * unacknowledged; with a connection that ends they go back into their queues.
 */
export class CeilometerAmqpSource implements Source {
  readonly name = 'amqp';
  readonly #context: DialectContext;
  readonly #ceilometer: Ceilometer;
  readonly #settings: CeilometerAmqpSettings;
  readonly #skipped: SkipCounter;
  readonly #supervision: Supervision;
  #attempts = 0;

  constructor(
    context: DialectContext,
    ceilometer: Ceilometer,
    settings: Partial<CeilometerAmqpSettings> & Pick<CeilometerAmqpSettings, 'urls'>,
  ) {
    this.#context = context;
    this.#ceilometer = ceilometer;
    this.#settings = { ...defaultAmqpSettings, ...settings };
    this.#skipped = new SkipCounter(context.log, 'Notifications were set aside.');
    this.#supervision = new Supervision({
      subject: "RabbitMQ's queues",
      address: this.#settings.urls.map(hostOf).join(', '),
      shortestPauseMs,
      longestPauseMs,
      log: context.log,
      follow: (run) => this.#follow(run),
    });
  }

  /** The number of messages that could not become events. */
  get skipped(): number {
    return this.#skipped.count;
  }

  healthReason(): string | null {
    return this.#supervision.healthReason();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#supervision[Symbol.asyncDispose]();
  }

  /** Follows the queues until the signal is aborted. @throws the error that ended it before */
  async #follow(run: SourceRun): Promise<void> {
    const { urls, prefetch } = this.#settings;
    const url = withHeartbeat(urls[this.#attempts++ % urls.length] ?? '');
    const connection = await connect(url, {
      timeout: connectionTimeoutMs,
      clientProperties: { connection_name: 'tidings' },
    });
    const over = new AbortController();
    using either = new EitherSignal(run.signal, over.signal);
    const ended = untilEnded(connection, either.signal);
    try {
      const queues = await declareQueues(connection, this.#settings);
      const channel = await connection.createConfirmChannel();
      const lost = untilLost(channel);
      await channel.prefetch(prefetch);
      const inbox = this.#inboxOf(channel, run, either.signal);
      const tags: string[] = [];
      for (const { name, level } of queues) {
        const { consumerTag } = await channel.consume(name, (message) => {
          if (message === null) channel.emit('error', new Error(`the queue ${name} was deleted`));
          else inbox.add(message, level);
        });
        tags.push(consumerTag);
      }
      run.following();
      await Promise.race([ended, lost, inbox.failure]);
      await settledWithin(finish(channel, tags, inbox), closeTimeoutMs);
    } finally {
      over.abort();
      await settledWithin(connection.close(), closeTimeoutMs);
    }
  }

  #inboxOf(channel: ConfirmChannel, run: SourceRun, signal: AbortSignal): AmqpInbox {
    const { maxBatch, rejectedQueue } = this.#settings;
    return new AmqpInbox({
      channel,
      ceilometer: this.#ceilometer,
      skipped: this.#skipped,
      rejectedQueue,
      taken: () => {
        run.following();
        run.progressed();
      },
      report: {
        intake: this.#context.intake,
        log: this.#context.log,
        maxBatch,
        signal,
        whileUnavailable: run.waiting,
      },
    });
  }
}

/** Without the user and the password of the URL. */
const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : 'RabbitMQ');

/** Detects a silent broker within 30 s, unless the URL has a heartbeat of its own. */
const withHeartbeat = (url: string): string =>
  /[?&]heartbeat=/.test(url) ? url : `${url}${url.includes('?') ? '&' : '?'}heartbeat=15`;

/** Accepts no more messages, and finishes those that have arrived. */
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
