import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  type JetStreamManager,
  type Msg,
  nanos,
  RetentionPolicy,
  StorageType,
} from 'nats';
import type { EventDraft } from '../../event/draft.ts';
import type { Intake } from '../../intake/intake.ts';
import { reportPersistently } from '../../intake/persistent-report.ts';
import type { NatsLink } from '../../nats/connection.ts';
import { createStream, findStream } from '../../nats/create-stream.ts';
import { consumerNotFound, jetStreamError } from '../../nats/errors.ts';
import { NatsPull } from '../../nats/pull.ts';
import { SupervisedTask, type TaskRun } from '../../nats/supervised-task.ts';
import type { Log } from '../../telemetry/log.ts';
import { SkipCounter } from '../../telemetry/skip-counter.ts';
import type { Source } from '../source.ts';
import { decodeMessage } from './decode.ts';

export interface MayastorSourceOptions {
  /** Mayastor's own name for it is events-stream. */
  readonly stream: string;
  /** Copies of the stream, where it is created here. */
  readonly replicas: number;
  /** Messages reported in one call, at most as many as the intake takes. */
  readonly maxBatch: number;
}

/** Our own consumer next to Mayastor's: the stream keeps messages by its limits, so they do not disturb each other. */
const consumer = 'tidings';
const maxBatchBytes = 4 * 2 ** 20;
const ackWithinMs = 30_000;

interface Arrived {
  readonly message: Msg;
  readonly draft: EventDraft;
}

/**
 * Reads Mayastor's stream and reports what is in it. A message is acknowledged once its report is safe; one that
 * comes again is a duplicate by its id. Several gateways share the messages among them.
 */
export class MayastorSource implements Source {
  readonly name = 'mayastor';
  readonly #options: MayastorSourceOptions;
  readonly #intake: Intake;
  readonly #log: Log;
  readonly #malformed: SkipCounter;
  readonly #rejected: SkipCounter;
  readonly #work: SupervisedTask;
  #received = 0;
  /** Why messages that were taken cannot be recorded yet, as a sentence. */
  #waitingFor: string | null = null;

  constructor(options: MayastorSourceOptions, link: NatsLink, intake: Intake, log: Log) {
    this.#options = options;
    this.#intake = intake;
    this.#log = log;
    this.#malformed = new SkipCounter(log, `Messages of ${options.stream} are not Mayastor's.`);
    this.#rejected = new SkipCounter(log, `Messages of ${options.stream} cannot be recorded.`);
    const name = `Reading Mayastor's stream ${options.stream}`;
    this.#work = new SupervisedTask(name, link, log, (run) => this.#read(run));
  }

  get skipped(): number {
    return this.malformed + this.rejected;
  }

  /** Messages since the process started, repeats included. */
  get received(): number {
    return this.#received;
  }

  get malformed(): number {
    return this.#malformed.count;
  }

  /** Messages of Mayastor's that are outside the limits of an event. */
  get rejected(): number {
    return this.#rejected.count;
  }

  healthReason(): string | null {
    return this.#work.healthReason() ?? this.#waitingFor;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work[Symbol.asyncDispose]();
  }

  async #read({ connection, signal, ready }: TaskRun): Promise<void> {
    const { stream, replicas, maxBatch: messages } = this.#options;
    const jetStream = await connection.jetstreamManager({ checkAPI: false, timeout: 3000 });
    await ensureStream(jetStream, stream, replicas);
    await ensureConsumer(jetStream, stream, messages);
    ready();
    const pulled = { stream, consumer, maxMessages: messages, maxBytes: maxBatchBytes, signal };
    for await (const batch of new NatsPull(connection, pulled)) {
      this.#received += batch.length;
      await this.#report(
        batch.flatMap((message) => this.#decoded(message)),
        signal,
      );
    }
  }

  #decoded(message: Msg): Arrived[] {
    try {
      return [{ message, draft: decodeMessage(message.string()) }];
    } catch (error) {
      this.#malformed.skip(message.data, error instanceof Error ? error.message : String(error));
      answer(message, '+TERM');
      return [];
    }
  }

  /** A message whose report is not safe when the connection ends comes again. */
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
          for (const { message } of arrived) answer(message, '+WPI');
        },
      },
    );
    this.#waitingFor = null;
    for (const [at, { message }] of arrived.entries()) {
      const result = results[at];
      if (result?.status === 'REJECTED') {
        const reasons = result.errors.map(({ path, message }) => `${path.join('.')}: ${message}`);
        this.#rejected.skip(message.data, reasons.join(' '));
      }
      answer(message, '+ACK');
    }
  }
}

function answer(message: Msg, text: string): void {
  try {
    message.respond(text);
  } catch {
    // The connection is gone: the message comes again.
  }
}

/** Creates the stream as Mayastor would, if it is missing; an existing one is not changed. */
async function ensureStream(
  jetStream: JetStreamManager,
  name: string,
  replicas: number,
): Promise<void> {
  if ((await findStream(jetStream, name)) !== null) return;
  await createStream(jetStream, {
    name,
    subjects: ['events.>'],
    storage: StorageType.Memory,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_bytes: 3 * 2 ** 20,
    max_msgs_per_subject: 1,
    num_replicas: replicas,
  });
}

async function ensureConsumer(
  jetStream: JetStreamManager,
  stream: string,
  messages: number,
): Promise<void> {
  try {
    await jetStream.consumers.info(stream, consumer);
    return;
  } catch (error) {
    if (jetStreamError(error) !== consumerNotFound) throw error;
  }
  await jetStream.consumers.add(stream, {
    durable_name: consumer,
    deliver_policy: DeliverPolicy.All,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ackWithinMs),
    // Two batches are held here at a time; two more may wait for their redelivery.
    max_ack_pending: 4 * messages,
  });
}
