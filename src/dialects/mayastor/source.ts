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
import { requireRecorded } from '../../intake/rejected.ts';
import type { NatsLink } from '../../nats/connection.ts';
import { createStream, findStream } from '../../nats/create-stream.ts';
import { consumerNotFound, jetStreamError } from '../../nats/errors.ts';
import { NatsPull } from '../../nats/pull.ts';
import { SupervisedTask, type TaskRun } from '../../nats/supervised-task.ts';
import { pause } from '../../runtime/backoff.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import { SkipCounter } from '../../telemetry/skip-counter.ts';
import { decodeMessage } from './decode.ts';

export interface MayastorSourceOptions {
  /** Mayastor's own name for it is events-stream. */
  readonly stream: string;
  /** Copies of the stream, where it is made here. */
  readonly replicas: number;
  /** Messages reported in one call, at most as many as the intake takes. */
  readonly messagesAtOnce: number;
}

/** Our own consumer beside Mayastor's: the stream keeps messages by its limits, so they do not disturb each other. */
const consumer = 'tidings';
const bytesAtOnce = 4 * 2 ** 20;
const ackWithin = 30_000;
const retryAfter = 2000;

interface Arrived {
  readonly message: Msg;
  readonly draft: EventDraft;
}

/**
 * Reads Mayastor's stream and reports what is in it. A message is acknowledged once its report is safe; one that
 * comes again is a duplicate by its id. Several gateways share the messages among them.
 */
export class MayastorSource implements AsyncDisposable {
  readonly #options: MayastorSourceOptions;
  readonly #intake: Intake;
  readonly #log: Log;
  readonly #malformed: SkipCounter;
  readonly #rejected: SkipCounter;
  readonly #work: SupervisedTask;
  #received = 0;

  constructor(options: MayastorSourceOptions, link: NatsLink, intake: Intake, log: Log) {
    this.#options = options;
    this.#intake = intake;
    this.#log = log;
    this.#malformed = new SkipCounter(log, `Messages of ${options.stream} are not Mayastor's.`);
    this.#rejected = new SkipCounter(log, `Messages of ${options.stream} cannot be recorded.`);
    const name = `Reading Mayastor's stream ${options.stream}`;
    this.#work = new SupervisedTask(name, link, log, (run) => this.#read(run));
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
    return this.#work.healthReason();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work[Symbol.asyncDispose]();
  }

  async #read({ connection, signal, ready }: TaskRun): Promise<void> {
    const { stream, replicas, messagesAtOnce: messages } = this.#options;
    const jetStream = await connection.jetstreamManager({ checkAPI: false, timeout: 3000 });
    await ensureStream(jetStream, stream, replicas);
    await ensureConsumer(jetStream, stream, messages);
    ready();
    const pulled = { stream, consumer, messages, bytes: bytesAtOnce, signal };
    for await (const batch of new NatsPull(connection, pulled)) {
      this.#received += batch.length;
      const safe = await this.#report(batch.flatMap((message) => this.#decoded(message)));
      if (!safe) await pause(retryAfter, signal);
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

  /** False when the journal is away: then the messages come again. */
  async #report(arrived: readonly Arrived[]): Promise<boolean> {
    if (arrived.length === 0) return true;
    try {
      const drafts = arrived.map(({ draft }) => draft);
      const results = requireRecorded(await this.#intake.report(drafts, 'ACCEPTED'));
      for (const [n, { message }] of arrived.entries()) {
        const result = results[n];
        if (result?.status === 'REJECTED') {
          const reasons = result.errors.map(({ path, message }) => `${path.join('.')}: ${message}`);
          this.#rejected.skip(message.data, reasons.join(' '));
        }
        answer(message, '+ACK');
      }
      return true;
    } catch (error) {
      return await this.#failed(arrived, error);
    }
  }

  async #failed(arrived: readonly Arrived[], error: unknown): Promise<boolean> {
    if (error instanceof Unavailable) {
      const later = `-NAK ${JSON.stringify({ delay: nanos(retryAfter) })}`;
      for (const { message } of arrived) answer(message, later);
      return false;
    }
    const [first, ...rest] = arrived;
    if (first !== undefined && rest.length === 0) {
      this.#log.error({ error }, 'A message of Mayastor failed in a way that nobody expected.');
      this.#rejected.skip(first.message.data, String(error));
      answer(first.message, '+TERM');
      return true;
    }
    // One message must not keep the others out.
    for (const each of arrived) {
      if (!(await this.#report([each]))) return false;
    }
    return true;
  }
}

function answer(message: Msg, text: string): void {
  try {
    message.respond(text);
  } catch {
    // The connection is gone: the message comes again.
  }
}

/** Makes the stream as Mayastor makes it, where nobody has yet; one that is there is taken as it is. */
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
    ack_wait: nanos(ackWithin),
    // Two batches are held here at a time, and as many again may wait to come once more.
    max_ack_pending: 4 * messages,
  });
}
