import { type Consumer, type EachBatchPayload, Kafka, logLevel } from 'kafkajs';
import type { EventDraft } from '../../event/draft.ts';
import { skipRejected } from '../../intake/rejected.ts';
import { Backoff, pause } from '../../runtime/backoff.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import { SkipCounter } from '../../telemetry/skip-counter.ts';
import type { DialectContext } from '../dialect.ts';
import { draftOfMessage, type TopicMessage, topicName, within } from './kafka-message.ts';
import { MalformedMessage } from './message.ts';

export interface SkyWalkingKafkaSettings {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  /** What stands before the names of the topic and the group, with a dash; null for nothing. */
  readonly namespace: string | null;
  /** The consumer group: gateways of one group share the topic's partitions. */
  readonly group: string;
  /** How many messages are reported in one call of the intake. */
  readonly messagesAtOnce: number;
}

const shortestPause = 250;
const longestPause = 30_000;
/** How long a member of the group may be silent: then the others take over its partitions. */
const sessionTimeout = 10_000;
const longestJournalPause = 3_000;
const connectionTimeout = 5_000;
/** How long a broker may hold a fetch open; leaving the group waits for it. */
const fetchWait = 500;
const leaveTimeout = 4_000;

/**
 * Follows the topic of SkyWalking events as a member of a consumer group, from its beginning the first time.
 * An offset is committed after what stands before it was appended. Whatever fails, Kafka or the journal, it
 * tries again with growing pauses, for ever.
 */
export class SkyWalkingKafkaSource implements AsyncDisposable {
  readonly #context: DialectContext;
  readonly #settings: SkyWalkingKafkaSettings;
  readonly #skipped: SkipCounter;
  readonly #backoff = new Backoff(shortestPause, longestPause);
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #healthReason: string | null = 'Kafka has not answered yet.';

  constructor(context: DialectContext, settings: SkyWalkingKafkaSettings) {
    this.#context = context;
    this.#settings = settings;
    this.#skipped = new SkipCounter(context.log, `Messages of ${this.topic} were skipped.`);
    this.#running = this.#run();
  }

  get topic(): string {
    return within(this.#settings.namespace, topicName);
  }

  /** How many messages could not be taken. */
  get skipped(): number {
    return this.#skipped.count;
  }

  /** Null while the topic is followed, else the reason why not, as a sentence. */
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
        this.#healthReason = `Kafka cannot be followed: ${error instanceof Error ? error.message : error}`;
        this.#context.log.warn({ topic: this.topic }, this.#healthReason);
        await pause(this.#backoff.next(), signal);
      }
    }
  }

  /** Follows until the signal is aborted. @throws what ended it before */
  async #follow(signal: AbortSignal): Promise<void> {
    const { brokers, group, namespace } = this.#settings;
    const kafka = new Kafka({
      clientId: 'tidings',
      brokers: [...brokers],
      connectionTimeout,
      // The pauses are ours; the client's own would hide what is wrong.
      retry: { retries: 1 },
      logLevel: logLevel.NOTHING,
    });
    const consumer = kafka.consumer({
      groupId: within(namespace, group),
      sessionTimeout,
      maxWaitTimeInMs: fetchWait,
      retry: { retries: 1, restartOnFailure: async () => false },
    });
    const over = new AbortController();
    try {
      const ended = untilEnded(consumer, AbortSignal.any([signal, over.signal]));
      consumer.on(consumer.events.GROUP_JOIN, () => {
        this.#healthReason = null;
      });
      // One that fails right after it joined is not well yet.
      consumer.on(consumer.events.HEARTBEAT, () => this.#backoff.reset());
      await consumer.connect();
      await consumer.subscribe({ topic: this.topic, fromBeginning: true });
      await consumer.run({
        eachBatchAutoResolve: false,
        eachBatch: (batch) => this.#take(batch, signal),
      });
      await ended;
    } finally {
      over.abort();
      await withinTime(consumer.disconnect(), leaveTimeout);
    }
  }

  /** Appends a batch, and resolves the offset of what is safe; kafkajs commits resolved offsets behind it. */
  async #take(payload: EachBatchPayload, signal: AbortSignal): Promise<void> {
    const { batch, heartbeat, isRunning, isStale, resolveOffset } = payload;
    const { messagesAtOnce } = this.#settings;
    const partition = `${batch.topic}/${batch.partition}`;
    for (let first = 0; first < batch.messages.length; first += messagesAtOnce) {
      const messages = batch.messages.slice(first, first + messagesAtOnce);
      const goesOn = () => isRunning() && !isStale() && !signal.aborted;
      if (!(await this.#append(messages, partition, heartbeat, goesOn))) return;
      const last = messages.at(-1);
      if (last !== undefined) resolveOffset(last.offset);
      await heartbeat();
    }
  }

  /** True once the messages are safe, false where the member was told to stop before. */
  async #append(
    messages: readonly TopicMessage[],
    partition: string,
    heartbeat: () => Promise<void>,
    goesOn: () => boolean,
  ): Promise<boolean> {
    const drafts = this.#drafts(messages, partition);
    const backoff = new Backoff(shortestPause, longestJournalPause);
    while (goesOn()) {
      try {
        const results = await this.#context.intake.report(drafts, 'ACCEPTED');
        skipRejected(this.#skipped, drafts, results);
        return true;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        await pause(backoff.next(), this.#stopping.signal);
        await heartbeat();
      }
    }
    return false;
  }

  #drafts(messages: readonly TopicMessage[], partition: string): readonly EventDraft[] {
    return messages.flatMap((message) => {
      try {
        return draftOfMessage(message, partition, this.#context.now());
      } catch (error) {
        if (!(error instanceof MalformedMessage)) throw error;
        this.#skipped.skip(message.value ?? Buffer.alloc(0), error.message);
        return [];
      }
    });
  }
}

/** Resolves when the signal is aborted, rejects when the consumer has ended by itself. */
function untilEnded(consumer: Consumer, signal: AbortSignal): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
  });
  // It may end before anybody waits for it.
  ended.catch(() => {});
  return ended;
}

/** A client whose broker is gone may never finish to say goodbye. */
async function withinTime(work: Promise<void>, milliseconds: number): Promise<void> {
  const timer = new AbortController();
  await Promise.race([work.catch(() => {}), pause(milliseconds, timer.signal)]);
  timer.abort();
}
