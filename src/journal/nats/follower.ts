import type { Event } from '../../event/event.ts';
import { decodeReport } from '../../event/report-json.ts';
import type { NatsLink } from '../../nats/connection.ts';
import { SupervisedTask, type TaskRun } from '../../nats/supervised-task.ts';
import type { Log } from '../../telemetry/log.ts';
import { SkipCounter } from '../../telemetry/skip-counter.ts';
import { logUnexpectedError } from '../../telemetry/unexpected-error.ts';
import type { Follower } from '../journal.ts';
import { NatsCompletion, type SizedReport, type StoredReports } from './completion.ts';
import type { NatsPublished } from './published.ts';
import { readStream, type StreamMessage } from './read-stream.ts';
import type { NatsStream, StreamState } from './stream.ts';
import { NatsTail } from './tail.ts';

/** What following needs of the store. */
export interface FollowedStore extends StoredReports {
  readonly storedIndex: number;
  /** The events after an index, in index order; fewer than limit only at the end. @throws Unavailable */
  after(index: number, limit: number): Promise<readonly Event[]>;
}

const readAtOnce = { messages: 1000, bytes: 8 * 2 ** 20 };
/** How many reports before the stream's end are read at first, where the store has not got them yet. */
const unstoredAtFirst = 32_768;
const pageOfStore = 1000;

/**
 * The reports that a stream's messages hold. What is no report, which anybody may publish there, is counted
 * and left out.
 * @param published what this process has published itself, and knows
 */
export function reportsIn(
  messages: readonly StreamMessage[],
  { base }: StreamState,
  { skipSubject, doubt }: NatsStream,
  malformed: SkipCounter,
  published?: NatsPublished,
): SizedReport[] {
  return messages.flatMap(({ sequence, subject, data }) => {
    if (subject === skipSubject && data.length === 0) return [];
    try {
      const report =
        published?.take(sequence, data, () => doubt.raise()) ?? decodeReport(textOf(data));
      return { index: base + sequence, report, size: data.length };
    } catch (error) {
      malformed.skip(data, error instanceof Error ? error.message : String(error));
      return [];
    }
  });
}

const textOf = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString();

/** Follows the stream for the followers in this process, from where it ended at first. */
export class NatsFollowing implements AsyncDisposable {
  readonly #stream: NatsStream;
  readonly #published: NatsPublished;
  readonly #store: FollowedStore;
  readonly #log: Log;
  readonly #work: SupervisedTask;
  readonly #followers = new Set<Follower>();
  readonly completion: NatsCompletion;
  /** The end of the stream as it was read, so that the filler of this process need not read it again. */
  readonly tail = new NatsTail();
  readonly malformed: SkipCounter;
  /** The last message that followers were notified of. */
  #last: { readonly identity: string; readonly sequence: number } | null = null;
  #position = 0;
  /** Whether the reports that the store has not got yet have been read. */
  #warm = false;

  constructor(
    stream: NatsStream,
    link: NatsLink,
    published: NatsPublished,
    store: FollowedStore,
    log: Log,
  ) {
    this.#stream = stream;
    this.#published = published;
    this.#store = store;
    this.#log = log;
    this.completion = new NatsCompletion(store, log);
    this.malformed = new SkipCounter(log, `Messages of the stream ${stream.name} are no reports.`);
    const name = `Following the stream ${stream.name}`;
    this.#work = new SupervisedTask(name, link, log, (run) => this.#follow(run));
  }

  get position(): number {
    return this.#position;
  }

  healthReason(): string | null {
    return this.#work.healthReason();
  }

  follow(follower: Follower): () => void {
    // A function may follow twice: each time is one.
    const own: Follower = (changes) => follower(changes);
    this.#followers.add(own);
    return () => this.#followers.delete(own);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#work[Symbol.asyncDispose]();
  }

  async #follow(run: TaskRun): Promise<void> {
    const state = await this.#stream.state();
    if (this.#last !== null) this.#stream.doubt.raise();
    const next = this.#nextIn(state);
    if (next < state.firstSequence) await this.#notifyStored(state.base + state.firstSequence - 1);
    if (!this.#warm) this.tail.restart(this.#position);
    this.#advance(state.base + Math.max(next, state.firstSequence) - 1);
    const from = this.#warm ? next : this.#unstoredBefore(next, state);
    for await (const messages of readStream(run, this.#stream, state, { from, ...readAtOnce })) {
      this.#warm = true;
      const isNew = messages.findIndex(({ sequence }) => sequence >= next);
      const old = isNew === -1 ? messages.length : isNew;
      this.completion.remember(this.#reports(messages.slice(0, old), state));
      if (isNew !== -1) await this.#take(messages.slice(old), state);
    }
  }

  /** A new stream is read from its beginning: all that is in it is newer than what was published. */
  #nextIn({ identity }: StreamState): number {
    const { first } = this.#stream;
    if (this.#last === null && first !== null) {
      this.#last = { identity: first.identity, sequence: first.lastSequence };
      this.#position = first.base + first.lastSequence;
      this.completion.followFrom(this.#position);
    }
    if (this.#last?.identity === identity) return this.#last.sequence + 1;
    this.completion.expectRepeats();
    return 1;
  }

  /** A new stream begins above all that was published: its empty beginning is reached at once. */
  #advance(index: number): void {
    if (index <= this.#position) return;
    this.#position = index;
    this.tail.push([], index);
  }

  /** Where reading begins so that reports are remembered that the store cannot know yet. */
  #unstoredBefore(next: number, { base }: StreamState): number {
    const unstored = Math.max(this.#store.storedIndex - base + 1, next - unstoredAtFirst, 1);
    return Math.min(unstored, next);
  }

  #reports(messages: readonly StreamMessage[], state: StreamState): SizedReport[] {
    return reportsIn(messages, state, this.#stream, this.malformed, this.#published);
  }

  async #take(messages: readonly StreamMessage[], state: StreamState): Promise<void> {
    const sequence = messages.at(-1)?.sequence ?? 0;
    const position = state.base + sequence;
    const reports = this.#reports(messages, state);
    this.#stream.saw(position);
    this.tail.push(reports, position);
    this.#notify(await this.completion.complete(reports));
    this.#last = { identity: state.identity, sequence };
    this.#position = position;
  }

  /** What the stream does not hold any more, because it was long out of reach, is in the store. */
  async #notifyStored(upTo: number): Promise<void> {
    for (;;) {
      const page = await this.#store.after(this.#position, pageOfStore);
      const events = page.filter(({ index }) => index <= upTo);
      this.#notify(events);
      this.#position = events.at(-1)?.index ?? this.#position;
      if (events.length < pageOfStore) break;
    }
    this.completion.followFrom(upTo);
    this.tail.restart(upTo);
  }

  #notify(changes: readonly Event[]): void {
    if (changes.length === 0) return;
    for (const follower of this.#followers) {
      try {
        follower(changes);
      } catch (error) {
        logUnexpectedError(this.#log, { error, where: 'a follower of the journal' });
      }
    }
  }
}
