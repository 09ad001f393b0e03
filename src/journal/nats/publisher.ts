import { createInbox, headers, type Msg, type MsgHdrs, type NatsConnection } from 'nats';
import type { Report } from '../../event/event.ts';
import { encodeReport } from '../../event/report-json.ts';
import type { NatsLink } from '../../nats/connection.ts';
import { isTooLarge, isTooLargeForStream, natsReason } from '../../nats/errors.ts';
import { SupervisedTask, type TaskRun } from '../../nats/supervised-task.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import type { NotAppended } from '../append-outcome.ts';
import type { NatsPublished } from './published.ts';
import type { NatsStream } from './stream.ts';

export interface Outgoing {
  readonly subject: string;
  /** A stream without copies keeps one message of an id, within its duplicate window; null where there are copies. */
  readonly id: string | null;
  readonly body: Uint8Array;
  /** What the body says. */
  readonly report: Report;
}

export interface Ack {
  readonly sequence: number;
  readonly duplicate: boolean;
  /** Of the message, in bytes. */
  readonly size: number;
}

export type PublishOutcome = Ack | NotAppended;

/** Messages published together. */
interface Batch {
  readonly entries: Entry[];
  readonly outcomes: PublishOutcome[];
  /** Messages without an outcome. */
  missing: number;
  /** Called once, when none is missing. */
  readonly done: () => void;
}

interface Entry {
  readonly batch: Batch;
  message: Outgoing;
  /** Where in the batch it is. */
  readonly position: number;
  /** The last token of its reply subject while it is on its way, else 0. */
  token: number;
}

/** What is on its way without an ack, and what may wait in all. */
const windowMessages = 4096;
const windowBytes = 8 * 2 ** 20;
const waitingMessages = 100_000;
const waitingBytes = 128 * 2 ** 20;

/**
 * Publishes to the stream, many messages on their way at a time, in the order given. The client's own publish
 * makes a request of each message, which is several times slower. When the connection is lost,
 * what has no ack yet is published again, in order. A stream without copies keeps it once, by its id. Where there are copies,
 * nats-server's detection of repeats makes them differ, so that it is not used: whoever reads leaves repeats out.
 */
export class NatsPublisher implements AsyncDisposable {
  readonly #stream: NatsStream;
  readonly #published: NatsPublished;
  readonly #work: SupervisedTask;
  /** In order; those before #sent are done with. */
  #unsent: Entry[] = [];
  #sent = 0;
  /** By token, in the order in which they were sent. */
  readonly #onTheWay = new Map<number, Entry>();
  #bytesOnTheWay = 0;
  #waiting = 0;
  #waitingBytes = 0;
  #token = 0;
  #connection: NatsConnection | null = null;
  #inbox = '';
  #lost: (error: Error) => void = () => {};

  /** @param published is given what the stream has, for whoever reads it back */
  constructor(stream: NatsStream, link: NatsLink, published: NatsPublished, log: Log) {
    this.#stream = stream;
    this.#published = published;
    this.#work = new SupervisedTask(`Publishing to the stream ${stream.name}`, link, log, (run) =>
      this.#serve(run),
    );
  }

  healthReason(): string | null {
    return this.#work.healthReason();
  }

  /**
   * Resolves with the outcome of each message, in order, when all are known: UNAVAILABLE for those that have none
   * within that time. @throws Unavailable when too many wait already
   */
  publish(messages: readonly Outgoing[], timeoutMs: number): Promise<readonly PublishOutcome[]> {
    const bytes = messages.reduce((sum, { body }) => sum + body.length, 0);
    const full =
      this.#waiting + messages.length > waitingMessages ||
      this.#waitingBytes + bytes > waitingBytes;
    if (full && this.#waiting > 0) {
      return Promise.reject(new Unavailable('Too many reports wait for NATS.'));
    }
    this.#waiting += messages.length;
    this.#waitingBytes += bytes;
    return new Promise((resolve) => {
      const batch: Batch = {
        entries: [],
        outcomes: [],
        missing: messages.length,
        done: () => {
          clearTimeout(timer);
          this.#waiting -= messages.length;
          this.#waitingBytes -= bytes;
          resolve(batch.outcomes);
        },
      };
      const timer = setTimeout(() => {
        this.#stream.doubt.raise();
        const late = unavailable(this.healthReason() ?? 'NATS did not confirm the report in time.');
        for (const entry of batch.entries) this.#settle(entry, late);
        this.#send();
      }, timeoutMs);
      for (const [position, message] of messages.entries()) {
        const entry = { batch, message, position, token: 0 };
        batch.entries.push(entry);
        if (message.body.length <= this.#stream.maxReportBytes) this.#unsent.push(entry);
        else this.#settle(entry, tooLarge(message.body, this.#stream.maxReportBytes));
      }
      this.#send();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work[Symbol.asyncDispose]();
    const closed = unavailable('The journal is closed.');
    for (const entry of this.#unanswered()) this.#settle(entry, closed);
  }

  #unanswered(): Entry[] {
    return [...this.#onTheWay.values(), ...this.#unsent.slice(this.#sent)];
  }

  /** Only the first outcome of a message counts. */
  #settle(entry: Entry, outcome: PublishOutcome): void {
    if (this.#onTheWay.delete(entry.token)) this.#bytesOnTheWay -= entry.message.body.length;
    const { batch } = entry;
    if (!isPending(entry)) return;
    batch.outcomes[entry.position] = outcome;
    batch.missing -= 1;
    if (batch.missing === 0) batch.done();
  }

  async #serve({ connection, signal, ready }: TaskRun): Promise<void> {
    // Made where it is missing, and looked at before anything more is published.
    await this.#stream.state();
    this.#stream.checkLimits();
    const inbox = createInbox();
    const subscription = connection.subscribe(`${inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#answer(message, inbox);
        else this.#lost(error);
      },
    });
    try {
      await new Promise<void>((resolve, reject) => {
        this.#lost = reject;
        signal.addEventListener('abort', () => resolve(), { once: true });
        this.#begin(connection, inbox);
        ready();
      });
    } finally {
      this.#connection = null;
      if (!connection.isClosed()) subscription.unsubscribe();
    }
  }

  #begin(connection: NatsConnection, inbox: string): void {
    this.#unsent = this.#unanswered();
    if (this.#stream.hasCopies) {
      for (const entry of this.#onTheWay.values()) entry.message = repeatOf(entry.message);
    }
    if (this.#token > 0) this.#stream.doubt.raise();
    this.#sent = 0;
    this.#onTheWay.clear();
    this.#bytesOnTheWay = 0;
    this.#connection = connection;
    this.#inbox = inbox;
    this.#send();
  }

  #send(): void {
    const connection = this.#connection;
    if (connection === null || connection.isClosed()) return;
    while (this.#onTheWay.size < windowMessages && this.#bytesOnTheWay < windowBytes) {
      const entry = this.#unsent[this.#sent];
      if (entry === undefined) break;
      this.#sent += 1;
      if (isPending(entry)) this.#publish(connection, entry);
    }
    if (this.#sent > this.#unsent.length / 2) {
      this.#unsent = this.#unsent.slice(this.#sent);
      this.#sent = 0;
    }
  }

  #publish(connection: NatsConnection, entry: Entry): void {
    const { subject, id, body } = entry.message;
    this.#token += 1;
    entry.token = this.#token;
    this.#onTheWay.set(entry.token, entry);
    this.#bytesOnTheWay += body.length;
    const reply = `${this.#inbox}.${entry.token}`;
    try {
      connection.publish(subject, body, id === null ? { reply } : { reply, headers: withId(id) });
    } catch (error) {
      this.#settle(
        entry,
        isTooLarge(error)
          ? tooLarge(body, this.#stream.maxReportBytes)
          : unavailable(refusal(natsReason(error))),
      );
    }
  }

  #answer(message: Msg, inbox: string): void {
    const entry = this.#onTheWay.get(Number(message.subject.slice(inbox.length + 1)));
    // A repeat of what was given up, or answered on an earlier connection.
    if (entry === undefined || inbox !== this.#inbox) return;
    if (message.data.length === 0) {
      this.#lost(new Error('no stream takes its subjects'));
      return;
    }
    this.#settle(entry, this.#outcomeOf(entry, message.string()));
    this.#send();
  }

  #outcomeOf({ message }: Entry, text: string): PublishOutcome {
    const { seq, duplicate, error } = parsed(text);
    // A rejection carries a sequence too: 0.
    if (error !== undefined || !seq) {
      if (isTooLargeForStream(error?.err_code ?? 0)) {
        return tooLarge(message.body, this.#stream.maxReportBytes);
      }
      // The paths on the server, in brackets, are of no use to whoever reports.
      const [reason = ''] = (error?.description ?? 'it gave no reason').split(' [');
      return unavailable(refusal(reason));
    }
    if (duplicate !== true) this.#published.add(seq, message);
    return { sequence: seq, duplicate: duplicate === true, size: message.body.length };
  }
}

/** The stream may have it already: then whoever reads it must not take it for the first of its id. */
function repeatOf(message: Outgoing): Outgoing {
  if (!message.report.generatedId) return message;
  const report = { ...message.report, generatedId: false };
  return { ...message, report, body: Buffer.from(encodeReport(report)) };
}

function withId(id: string): MsgHdrs {
  const identified = headers();
  identified.append('Nats-Msg-Id', id);
  return identified;
}

const isPending = ({ batch, position }: Entry): boolean => batch.outcomes[position] === undefined;

interface PublishAnswer {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly description?: string; readonly err_code?: number };
}

/** Whatever a callback throws would end the client's reading, so nothing is thrown here. */
function parsed(text: string): PublishAnswer {
  try {
    return JSON.parse(text) as PublishAnswer;
  } catch {
    return { error: { description: 'its answer cannot be read' } };
  }
}

const refusal = (reason: string): string => `NATS rejected the report: ${reason}.`;

const unavailable = (message: string): NotAppended => ({ code: 'UNAVAILABLE', message });

const tooLarge = ({ length }: Uint8Array, maxReportBytes: number): NotAppended => ({
  code: 'TOO_LONG',
  message: `The event has ${length} bytes as JSON, and NATS takes ${maxReportBytes}: make it smaller.`,
});
