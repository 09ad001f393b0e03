import { DiscardPolicy, type JetStreamManager, RetentionPolicy, StorageType } from 'nats';
import type { Intake } from '../../intake/intake.ts';
import type { NatsLink } from '../../nats/connection.ts';
import { createStream, findStream } from '../../nats/create-stream.ts';
import { NatsPull } from '../../nats/pull.ts';
import { ensurePullConsumer } from '../../nats/pull-consumer.ts';
import { SupervisedTask, type TaskRun } from '../../nats/supervised-task.ts';
import type { Log } from '../../telemetry/log.ts';
import { SkipCounter } from '../../telemetry/skip-counter.ts';
import { NatsReporter } from '../nats-reporter.ts';
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

/**
 * Reads Mayastor's stream and reports what is in it. A message is acknowledged once its report is safe; one that
 * comes again is a duplicate by its id. Several gateways share the messages among them.
 */
export class MayastorSource implements Source {
  readonly name = 'mayastor';
  readonly #options: MayastorSourceOptions;
  readonly #malformed: SkipCounter;
  readonly #rejected: SkipCounter;
  readonly #reporter: NatsReporter;
  readonly #work: SupervisedTask;

  constructor(options: MayastorSourceOptions, link: NatsLink, intake: Intake, log: Log) {
    this.#options = options;
    this.#malformed = new SkipCounter(log, `Messages of ${options.stream} are not Mayastor's.`);
    this.#rejected = new SkipCounter(log, `Messages of ${options.stream} cannot be recorded.`);
    this.#reporter = new NatsReporter({
      intake,
      log,
      maxBatch: options.maxBatch,
      decode: (message) => decodeMessage(message.string()),
      malformed: this.#malformed,
      rejected: this.#rejected,
    });
    const name = `Reading Mayastor's stream ${options.stream}`;
    this.#work = new SupervisedTask(name, link, log, (run) => this.#read(run));
  }

  get skipped(): number {
    return this.malformed + this.rejected;
  }

  /** Messages since the process started, repeats included. */
  get received(): number {
    return this.#reporter.received;
  }

  get malformed(): number {
    return this.#malformed.count;
  }

  /** Messages of Mayastor's that are outside the limits of an event. */
  get rejected(): number {
    return this.#rejected.count;
  }

  healthReason(): string | null {
    return this.#work.healthReason() ?? this.#reporter.healthReason();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work[Symbol.asyncDispose]();
  }

  async #read({ connection, signal, ready }: TaskRun): Promise<void> {
    const { stream, replicas, maxBatch: maxMessages } = this.#options;
    const jetStream = await connection.jetstreamManager({ checkAPI: false, timeout: 3000 });
    await ensureStream(jetStream, stream, replicas);
    await ensurePullConsumer(jetStream, stream, { name: consumer, maxMessages });
    ready();
    const pulled = { stream, consumer, maxMessages, maxBytes: maxBatchBytes, signal };
    for await (const batch of new NatsPull(connection, pulled)) {
      await this.#reporter.report(batch, signal);
    }
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
