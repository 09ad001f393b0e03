import { createInbox, headers, type Msg, type NatsConnection } from 'nats';
import type { Report } from '../../event/event.ts';
import type { NatsLink } from '../../nats/connection.ts';
import { natsReason } from '../../nats/errors.ts';
import { SupervisedTask, type TaskRun } from '../../nats/supervised-task.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import type { NatsPublished } from './published.ts';
import type { NatsStream } from './stream.ts';

export interface Outgoing {
  readonly subject: string;
  /** The stream keeps one message of an id, within its duplicate window. */
  readonly id: string;
  readonly body: Uint8Array;
  /** What the body says. */
  readonly report: Report;
}

export interface Ack {
  readonly sequence: number;
  readonly duplicate: boolean;
}

/** Messages published together. */
interface Batch {
  readonly entries: Entry[];
  readonly acks: Ack[];
  missing: number;
  /** Answers whoever published them; only the first time counts. */
  settle(outcome: Ack[] | Unavailable): void;
}

interface Entry {
  readonly batch: Batch;
  readonly message: Outgoing;
  /** Where in the batch it stands. */
  readonly place: number;
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
 * what has no ack yet is published again, in order, under the same ids, so that the stream keeps it once.
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

  /** @param published told what the stream has taken, for whoever reads it back */
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
   * Resolves with one ack for each message, in order, when the stream has all of them.
   * @throws Unavailable when it does not within that time, refuses one of them, or too many wait already
   */
  publish(messages: readonly Outgoing[], milliseconds: number): Promise<Ack[]> {
    const bytes = messages.reduce((sum, { body }) => sum + body.length, 0);
    const full =
      this.#waiting + messages.length > waitingMessages ||
      this.#waitingBytes + bytes > waitingBytes;
    if (full && this.#waiting > 0) {
      return Promise.reject(new Unavailable('Too many reports wait for NATS.'));
    }
    this.#waiting += messages.length;
    this.#waitingBytes += bytes;
    return new Promise((resolve, reject) => {
      const settle = (outcome: Ack[] | Unavailable) => {
        if (batch.missing < 0) return;
        batch.missing = -1;
        clearTimeout(timer);
        this.#waiting -= messages.length;
        this.#waitingBytes -= bytes;
        if (!(outcome instanceof Unavailable)) return resolve(outcome);
        for (const entry of batch.entries) this.#arrived(entry);
        reject(outcome);
      };
      const timer = setTimeout(() => {
        settle(this.#late());
        this.#send();
      }, milliseconds);
      const batch: Batch = { entries: [], acks: [], missing: messages.length, settle };
      for (const [place, message] of messages.entries()) {
        const entry = { batch, message, place, token: 0 };
        batch.entries.push(entry);
        this.#unsent.push(entry);
      }
      this.#send();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work[Symbol.asyncDispose]();
    const closed = new Unavailable('The journal is closed.');
    for (const { batch } of this.#unanswered()) batch.settle(closed);
  }

  #late(): Unavailable {
    return new Unavailable(this.healthReason() ?? 'NATS did not confirm the reports in time.');
  }

  #unanswered(): Entry[] {
    return [...this.#onTheWay.values(), ...this.#unsent.slice(this.#sent)];
  }

  /** It is not on its way any more. */
  #arrived(entry: Entry): void {
    if (this.#onTheWay.delete(entry.token)) this.#bytesOnTheWay -= entry.message.body.length;
  }

  async #serve({ connection, signal, ready }: TaskRun): Promise<void> {
    // Made where it is missing, and looked at before anything more is published.
    await this.#stream.state();
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
        signal.addEventListener('abort', () => resolve());
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
      if (entry.batch.missing > 0) this.#publish(connection, entry);
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
    const identified = headers();
    identified.append('Nats-Msg-Id', id);
    try {
      const reply = `${this.#inbox}.${entry.token}`;
      connection.publish(subject, body, { reply, headers: identified });
    } catch (error) {
      entry.batch.settle(refusal(natsReason(error)));
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
    this.#arrived(entry);
    this.#acknowledge(entry, message.string());
    this.#send();
  }

  #acknowledge({ batch, place, message }: Entry, text: string): void {
    const { seq, duplicate, error } = parsed(text);
    // A refusal carries a sequence too: 0.
    if (error !== undefined || !seq) {
      // Paths on the server stand in brackets: they are nothing for whoever reports.
      const [reason = ''] = (error?.description ?? 'it gave no reason').split(' [');
      batch.settle(refusal(reason));
      return;
    }
    if (duplicate !== true) this.#published.add(seq, message);
    batch.acks[place] = { sequence: seq, duplicate: duplicate === true };
    batch.missing -= 1;
    if (batch.missing === 0) batch.settle(batch.acks);
  }
}

interface PublishAnswer {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly description?: string };
}

/** Whatever a callback throws would end the client's reading, so nothing is thrown here. */
function parsed(text: string): PublishAnswer {
  try {
    return JSON.parse(text) as PublishAnswer;
  } catch {
    return { error: { description: 'its answer cannot be read' } };
  }
}

const refusal = (reason: string): Unavailable =>
  new Unavailable(`NATS refused the report: ${reason}.`);
