import { type Consumer, type EachBatchPayload, Kafka, logLevel } from 'kafkajs';
import type { EventDraft } from '../../event/draft.ts';
import { reportPersistently } from '../../intake/persistent-report.ts';
import { skipRejected } from '../../intake/rejected.ts';
import { EitherSignal } from '../../runtime/either-signal.ts';
import { settledWithin } from '../../runtime/settled-within.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import { SkipCounter } from '../../telemetry/skip-counter.ts';
import type { DialectContext } from '../dialect.ts';
import { type Source, type SourceRun, Supervision } from '../source.ts';
import { draftOfMessage, type TopicMessage, topicName, within } from './kafka-message.ts';
import { MalformedMessage } from './message.ts';

export interface SkyWalkingKafkaSettings {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  /** Prefix of the names of the topic and the group, which a dash follows; null for none. */
  readonly namespace: string | null;
  /** The consumer group: gateways of one group share the topic's partitions. */
  readonly group: string;
  /** Messages in one call of the intake. */
  readonly maxBatch: number;
}

const shortestPauseMs = 250;
const longestPauseMs = 30_000;
/** Once a member of the group has been silent for this time, the others take over its partitions. */
const sessionTimeoutMs = 10_000;
const connectionTimeoutMs = 5_000;
/** A broker may hold a fetch open for this time; leaving the group waits for it. */
const fetchWaitMs = 500;
/** A client whose broker is down may never finish to disconnect. */
const leaveTimeoutMs = 4_000;

/**
 * Follows the topic of SkyWalking events as a member of a consumer group, from its beginning the first time. An offset
 * is committed after the messages before it were appended. After every failure, of Kafka or of the journal, it tries
 * again with growing pauses.
 */
export class SkyWalkingKafkaSource implements Source {
  readonly name = 'kafka';
  readonly #context: DialectContext;
  readonly #settings: SkyWalkingKafkaSettings;
  readonly #skipped: SkipCounter;
  readonly #supervision: Supervision;

  constructor(context: DialectContext, settings: SkyWalkingKafkaSettings) {
    this.#context = context;
    this.#settings = settings;
    this.#skipped = new SkipCounter(context.log, `Messages of ${this.topic} were skipped.`);
    this.#supervision = new Supervision({
      subject: 'Kafka',
      address: settings.brokers.join(', '),
      fields: { topic: this.topic },
      shortestPauseMs,
      longestPauseMs,
      log: context.log,
      follow: (run) => this.#follow(run),
    });
  }

  get topic(): string {
    return within(this.#settings.namespace, topicName);
  }

  /** Messages that could not become events. */
  get skipped(): number {
    return this.#skipped.count;
  }

  healthReason(): string | null {
    return this.#supervision.healthReason();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#supervision[Symbol.asyncDispose]();
  }

  /** Follows until the signal is aborted. @throws the error that ended it before */
  async #follow(run: SourceRun): Promise<void> {
    const { brokers, group, namespace } = this.#settings;
    const kafka = new Kafka({
      clientId: 'tidings',
      brokers: [...brokers],
      connectionTimeout: connectionTimeoutMs,
      // The pauses are ours: those of the client would hide the error.
      retry: { retries: 1 },
      logLevel: logLevel.NOTHING,
    });
    const consumer = kafka.consumer({
      groupId: within(namespace, group),
      sessionTimeout: sessionTimeoutMs,
      maxWaitTimeInMs: fetchWaitMs,
      retry: { retries: 1, restartOnFailure: async () => false },
    });
    const over = new AbortController();
    using either = new EitherSignal(run.signal, over.signal);
    try {
      const ended = untilEnded(consumer, either.signal);
      consumer.on(consumer.events.GROUP_JOIN, () => run.following());
      // A member may fail right after it joined.
      consumer.on(consumer.events.HEARTBEAT, () => run.progressed());
      await consumer.connect();
      await consumer.subscribe({ topic: this.topic, fromBeginning: true });
      await consumer.run({
        eachBatchAutoResolve: false,
        eachBatch: (batch) => this.#take(batch, run),
      });
      await ended;
    } finally {
      over.abort();
      await settledWithin(consumer.disconnect(), leaveTimeoutMs);
    }
  }

  /** Records a batch, and resolves the offset of the recorded messages, which kafkajs then commits. */
  async #take(payload: EachBatchPayload, run: SourceRun): Promise<void> {
    const { batch, heartbeat, isRunning, isStale, resolveOffset } = payload;
    const { maxBatch } = this.#settings;
    const partition = `${batch.topic}/${batch.partition}`;
    const isMember = () => isRunning() && !isStale() && !run.signal.aborted;
    for (let first = 0; first < batch.messages.length && isMember(); first += maxBatch) {
      const messages = batch.messages.slice(first, first + maxBatch);
      if (!(await this.#record(this.#drafts(messages, partition), run, heartbeat, isMember)))
        return;
      const last = messages.at(-1);
      if (last !== undefined) resolveOffset(last.offset);
      await heartbeat();
    }
  }

  /** True once the drafts are recorded, false where this member lost the partition before. */
  async #record(
    drafts: readonly EventDraft[],
    run: SourceRun,
    heartbeat: () => Promise<void>,
    isMember: () => boolean,
  ): Promise<boolean> {
    const { intake, log } = this.#context;
    const lost = new AbortController();
    using either = new EitherSignal(run.signal, lost.signal);
    try {
      const results = await reportPersistently(drafts, {
        intake,
        log,
        maxBatch: this.#settings.maxBatch,
        signal: either.signal,
        whileUnavailable: async (reason) => {
          run.waiting(reason);
          if (isMember()) await heartbeat();
          else lost.abort();
        },
      });
      run.following();
      skipRejected(this.#skipped, drafts, results);
      return true;
    } catch (error) {
      if (error instanceof Unavailable) return false;
      throw error;
    }
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
  // It may end before anyone waits for it.
  ended.catch(() => {});
  return ended;
}
