import { createHash } from 'node:crypto';
import {
  AckPolicy,
  DeliverPolicy,
  type JetStreamManager,
  type Msg,
  type NatsConnection,
  nanos,
} from 'nats';
import type { EventDraft } from '../../event/draft.ts';
import { sentWith } from '../../event/traceparent.ts';
import type { Intake } from '../../intake/intake.ts';
import { reportPersistently } from '../../intake/persistent-report.ts';
import type { NatsLink } from '../../nats/connection.ts';
import { consumerNotFound, jetStreamError } from '../../nats/errors.ts';
import { NatsPull } from '../../nats/pull.ts';
import { SupervisedTask, type TaskRun } from '../../nats/supervised-task.ts';
import type { Log } from '../../telemetry/log.ts';
import { SkipCounter } from '../../telemetry/skip-counter.ts';
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
const ackWithinMs = 30_000;

interface Arrived {
  readonly message: Msg;
  readonly draft: EventDraft;
}

/**
 * Reports the CloudEvents of a NATS subject. Where a stream holds the subject, a message is acknowledged after its
 * event was appended, and comes again otherwise. Without a stream, it is lost while no gateway is subscribed.
 */
export class CloudEventsSource implements Source {
  readonly name = 'cloudevents';
  readonly #options: CloudEventsSourceOptions;
  readonly #intake: Intake;
  readonly #log: Log;
  readonly #skipped: SkipCounter;
  readonly #dropped: SkipCounter;
  readonly #work: SupervisedTask;
  #received = 0;
  /** Why events cannot be recorded yet, as a sentence. */
  #waitingFor: string | null = null;

  constructor(options: CloudEventsSourceOptions, link: NatsLink, intake: Intake, log: Log) {
    this.#options = options;
    this.#intake = intake;
    this.#log = log;
    const { subject } = options;
    this.#skipped = new SkipCounter(log, `Messages of ${subject} cannot be recorded.`);
    this.#dropped = new SkipCounter(log, `Messages of ${subject} were dropped: too many wait.`);
    const name = `Reading CloudEvents of ${subject}`;
    this.#work = new SupervisedTask(name, link, log, (run) => this.#read(run));
  }

  get skipped(): number {
    return this.#skipped.count + this.#dropped.count;
  }

  /** Messages since the process started, repeats included. */
  get received(): number {
    return this.#received;
  }

  healthReason(): string | null {
    return this.#work.healthReason() ?? this.#waitingFor;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work[Symbol.asyncDispose]();
  }

  async #read({ connection, signal, ready }: TaskRun): Promise<void> {
    const batches = await this.#batches(connection, signal);
    ready();
    for await (const batch of batches) {
      this.#received += batch.length;
      const arrived = batch.flatMap((message) => this.#decoded(message));
      await this.#report(arrived, signal);
    }
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
    await ensureConsumer(jetStream, stream, { consumer, subject, messages });
    const pulled = { stream, consumer, maxMessages: messages, maxBytes: maxBatchBytes, signal };
    return new NatsPull(connection, pulled);
  }

  #decoded(message: Msg): Arrived[] {
    try {
      const draft = draftOf(readNatsMessage(message), 'ARRIVAL');
      return [{ message, draft: sentWith(draft, message.headers?.get('traceparent')) }];
    } catch (error) {
      this.#skipped.skip(message.data, error instanceof Error ? error.message : String(error));
      acknowledge(message, '+TERM');
      return [];
    }
  }

  /** A message whose report is not safe when the connection ends comes again, where a stream holds it. */
  async #report(arrived: readonly Arrived[], signal: AbortSignal): Promise<void> {
    if (arrived.length === 0) return;
    const results = await reportPersistently(
      arrived.map(({ draft }) => draft),
      {
        intake: this.#intake,
        log: this.#log,
        maxBatch: this.#options.maxBatch,
        signal,
        whileUnavailable: (reason) => {
          this.#waitingFor = reason;
          for (const { message } of arrived) acknowledge(message, '+WPI');
        },
      },
    );
    this.#waitingFor = null;
    for (const [at, { message }] of arrived.entries()) {
      const result = results[at];
      if (result?.status === 'REJECTED') {
        const reasons = result.errors.map(({ path, message }) => `${path.join('.')}: ${message}`);
        this.#skipped.skip(message.data, reasons.join(' '));
      }
      acknowledge(message, '+ACK');
    }
  }
}

/** Only JetStream is answered: a request of core NATS has a reply subject as well, and waits for something else. */
function acknowledge(message: Msg, text: string): void {
  if (message.reply?.startsWith('$JS.ACK.') !== true) return;
  try {
    message.respond(text);
  } catch {
    // The connection is gone: the message comes again.
  }
}

/** The stream that holds a subject; null where none does. */
async function streamOf(jetStream: JetStreamManager, subject: string): Promise<string | null> {
  const [stream = null, ...others] = await jetStream.streams.names(subject).next();
  if (others.length === 0) return stream;
  throw new Error(`the streams ${[stream, ...others].join(', ')} hold it: name a narrower subject`);
}

interface Consumer {
  readonly consumer: string;
  readonly subject: string;
  readonly messages: number;
}

async function ensureConsumer(
  jetStream: JetStreamManager,
  stream: string,
  { consumer, subject, messages }: Consumer,
): Promise<void> {
  try {
    await jetStream.consumers.info(stream, consumer);
  } catch (error) {
    if (jetStreamError(error) !== consumerNotFound) throw error;
    await jetStream.consumers.add(stream, {
      durable_name: consumer,
      filter_subject: subject,
      deliver_policy: DeliverPolicy.All,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ackWithinMs),
      // Two batches are held here at a time; two more may wait for their redelivery.
      max_ack_pending: 4 * messages,
    });
  }
}
