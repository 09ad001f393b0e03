import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Event } from '../../src/event/event.ts';
import type { Filter } from '../../src/event/filter.ts';
import type { FeedBatch, FeedError } from '../../src/live/feed.ts';
import type {
  Batching,
  FeedOperation,
  FeedReceiver,
  Message,
} from '../../src/live/subscription.ts';

type Root = Event | FeedBatch;

/** The result of a selection of everything. */
export const rendered = (root: Root): string => JSON.stringify(root);

let operations = 0;

/** An operation that selects everything. Without a key it has a channel of its own. */
export function operationOf(
  filter: Filter,
  {
    afterIndex = null,
    journalId = null,
    batching = null,
    key = `own ${++operations}`,
    render = rendered,
  }: {
    afterIndex?: number | null;
    journalId?: string | null;
    batching?: Batching | null;
    key?: string;
    render?: (root: Root) => string | Promise<string>;
  } = {},
): FeedOperation {
  return { key, request: { filter, afterIndex, journalId }, batching, render };
}

/** A receiver that keeps its messages. */
export class ListReceiver implements FeedReceiver {
  readonly messages: Message[] = [];
  readonly checkpoints: number[] = [];
  readonly #roomFor: number;
  /** The index it began with; null before that. */
  begun: number | null = null;
  /** Undefined while the feed goes on. */
  ended: FeedError | null | undefined;
  #taken = 0;

  /** @param roomFor messages of a backfill that it takes in one turn of the event loop */
  constructor(roomFor = Number.POSITIVE_INFINITY) {
    this.#roomFor = roomFor;
  }

  begin(index: number): void {
    this.begun = index;
  }

  send(message: Message): void {
    this.#taken++;
    this.messages.push(message);
  }

  get hasRoom(): boolean {
    return this.#taken < this.#roomFor;
  }

  async room(): Promise<void> {
    await nextTurn();
    this.#taken = 0;
  }

  checkpoint(index: number): void {
    this.checkpoints.push(index);
  }

  end(error: FeedError | null): void {
    this.ended = error;
  }

  /** Everything up to this index has been sent. */
  get index(): number {
    return Math.max(
      this.begun ?? 0,
      this.messages.at(-1)?.index ?? 0,
      this.checkpoints.at(-1) ?? 0,
    );
  }

  get roots(): Root[] {
    return this.messages.map(({ bytes }) => JSON.parse(Buffer.from(bytes, 'latin1').toString()));
  }

  get events(): Event[] {
    return this.roots.flatMap((root) => ('events' in root ? root.events : [root]));
  }
}
