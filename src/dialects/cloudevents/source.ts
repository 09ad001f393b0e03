import { createHash } from 'node:crypto';
import type { JetStreamManager, Msg, NatsConnection } from 'nats';
import type { EventDraft } from '../../event/draft.ts';
import { sentWith } from '../../event/traceparent.ts';
import type { Intake } from '../../intake/intake.ts';
import type { NatsLink } from '../../nats/connection.ts';
import { NatsPull } from '../../nats/pull.ts';
import { ensurePullConsumer } from '../../nats/pull-consumer.ts';
import { SupervisedTask, type TaskRun } from '../../nats/supervised-task.ts';
import type { Log } from '../../telemetry/log.ts';
import { SkipCounter } from '../../telemetry/skip-counter.ts';
import { NatsReporter } from '../nats-reporter.ts';
import type { Source } from '../source.ts';
import { CoreSubscription } from './core-subscription.ts';
import { draftOf } from './decode.ts';
import { readNatsMessage } from './nats-message.ts';

export interface CloudEventsSourceOptions {
  readonly subject: string;
  /** Messages reported in one call of the intake. */
  readonly maxBatch: number;
}

/** The queue group of the gateways. */
const group = 'tidings-cloudevents';
/** The consumer that they share: each subject has its own, so that a new subject is read from its beginning. */
const consumerOf = (subject: string): string =>
  `${group}-${createHash('sha256').update(subject).digest('hex').slice(0, 8)}`;
const maxBatchBytes = 4 * 2 ** 20;
const maxWaiting = 10_000;
const maxWaitingBytes = 32 * 2 ** 20;

/**
 * Reports the CloudEvents of a NATS subject. Where a stream holds the subject, a message is acknowledged after its
 * event was appended, and comes again otherwise. Without a stream, it is lost while no gateway is subscribed.
 */
export class CloudEventsSource implements Source {
  readonly name = 'cloudevents';
  readonly #options: CloudEventsSourceOptions;
  readonly #skipped: SkipCounter;
  readonly #dropped: SkipCounter;
  readonly #reporter: NatsReporter;
  readonly #work: SupervisedTask;

  constructor(options: CloudEventsSourceOptions, link: NatsLink, intake: Intake, log: Log) {
    this.#options = options;
    const { subject } = options;
    this.#skipped = new SkipCounter(log, `Messages of ${subject} cannot be recorded.`);
    this.#dropped = new SkipCounter(log, `Messages of ${subject} were dropped: too many wait.`);
    this.#reporter = new NatsReporter({
      intake,
      log,
      maxBatch: options.maxBatch,
      decode: decodeMessage,
      malformed: this.#skipped,
      rejected: this.#skipped,
    });
    const name = `Reading CloudEvents of ${subject}`;
    this.#work = new SupervisedTask(name, link, log, (run) => this.#read(run));
  }

  get skipped(): number {
    return this.#skipped.count + this.#dropped.count;
  }

  /** Messages since the process started, repeats included. */
  get received(): number {
    return this.#reporter.received;
  }

  healthReason(): string | null {
    return this.#work.healthReason() ?? this.#reporter.healthReason();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work[Symbol.asyncDispose]();
  }

  async #read({ connection, signal, ready }: TaskRun): Promise<void> {
    const batches = await this.#batches(connection, signal);
    ready();
    for await (const batch of batches) await this.#reporter.report(batch, signal);
  }

  async #batches(
    connection: NatsConnection,
    signal: AbortSignal,
  ): Promise<AsyncIterable<readonly Msg[]>> {
    const { subject, maxBatch: messages } = this.#options;
    const jetStream = await connection.jetstreamManager({ checkAPI: false, timeout: 3000 });
    const stream = await streamOf(jetStream, subject);
    if (stream === null) {
      return new CoreSubscription(connection, {
        subject,
        queue: group,
        messages,
        maxWaiting,
        maxWaitingBytes,
        signal,
        onDropped: ({ data }) => this.#dropped.skip(data, 'too many messages wait'),
      });
    }
    const consumer = consumerOf(subject);
    await ensurePullConsumer(jetStream, stream, { name: consumer, subject, maxMessages: messages });
    const pulled = { stream, consumer, maxMessages: messages, maxBytes: maxBatchBytes, signal };
    return new NatsPull(connection, pulled);
  }
}

function decodeMessage(message: Msg): EventDraft {
  const draft = draftOf(readNatsMessage(message), 'ARRIVAL');
  return sentWith(draft, message.headers?.get('traceparent'));
}

/** The stream that holds a subject; null where none does. */
async function streamOf(jetStream: JetStreamManager, subject: string): Promise<string | null> {
  const [stream = null, ...others] = await jetStream.streams.names(subject).next();
  if (others.length === 0) return stream;
  throw new Error(`the streams ${[stream, ...others].join(', ')} hold it: name a narrower subject`);
}
