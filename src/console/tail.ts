import { type Following, type FollowOptions, follow } from '../client/follow.ts';
import type { EventFilter } from '../client/schema.generated.ts';
import type { ListedEvent } from './events.ts';

/** Something that happened to the feed itself, at a place in the list. */
export interface TailNotice {
  readonly atMs: number;
  readonly kind: 'BREAK' | 'RESUMED' | 'GAP' | 'ENDED';
  readonly text: string;
}

export interface TailState {
  readonly status: 'CONNECTING' | 'LIVE' | 'BROKEN' | 'ENDED';
  /** Newest first; at most maxShown. */
  readonly events: readonly ListedEvent[];
  /** How many have been shown since it began. */
  readonly shownCount: number;
  readonly isPaused: boolean;
  /** How many have come while it is paused. */
  readonly waiting: number;
  /** Whether as many wait as may: the others are left in the journal, and come after continuing. */
  readonly isFull: boolean;
  /** Newest first. */
  readonly notices: readonly TailNotice[];
}

export interface TailOptions {
  /** ws://host:port/graphql */
  readonly url: string;
  readonly filter: EventFilter;
  /** Fields of Event. */
  readonly selection: string;
  readonly onChange: () => void;
  /** Events in the list: 1,000 by default. */
  readonly maxShown?: number;
  /** Events that may wait while it is paused: 5,000 by default. */
  readonly maxWaiting?: number;
  /** A WebSocket class, where the environment has none. */
  readonly webSocketImpl?: unknown;
}

const maxNotices = 50;

/** Follows a feed for somebody who reads it: across breaks, and with pauses in which nothing is lost. */
export class Tail {
  readonly #options: TailOptions;
  readonly #maxShown: number;
  readonly #maxWaiting: number;
  #following: Following | null = null;
  #state: Omit<TailState, 'events'> = {
    status: 'CONNECTING',
    shownCount: 0,
    isPaused: false,
    waiting: 0,
    isFull: false,
    notices: [],
  };
  /** Oldest first, and sometimes more than are shown: cut now and then, not with each event. */
  #shown: ListedEvent[] = [];
  /** The list as it was last read; null once it has changed. */
  #newestFirst: readonly ListedEvent[] | null = [];
  /** Oldest first: shown when it continues. */
  #waiting: ListedEvent[] = [];
  /** The place to go on from; null before the first connection. */
  #position: { readonly index: number; readonly journalId: string } | null = null;

  constructor(options: TailOptions) {
    this.#options = options;
    this.#maxShown = options.maxShown ?? 1_000;
    this.#maxWaiting = options.maxWaiting ?? 5_000;
    this.#open();
  }

  get state(): TailState {
    this.#newestFirst ??= this.#shown.slice(-this.#maxShown).reverse();
    return { ...this.#state, events: this.#newestFirst };
  }

  /** What comes from now on waits. */
  pause(): void {
    if (!this.#state.isPaused) this.#change({ isPaused: true });
  }

  /** Shows what has come meanwhile, and goes on. */
  continue(): void {
    if (!this.#state.isPaused) return;
    const waiting = this.#waiting;
    const { isFull } = this.#state;
    this.#waiting = [];
    this.#show(waiting);
    this.#change({ isPaused: false, waiting: 0, isFull: false });
    if (isFull) this.#open();
  }

  clear(): void {
    this.#shown = [];
    this.#newestFirst = [];
    this.#change({ notices: [] });
  }

  /** Begins now, where it has ended with an error. */
  restart(): void {
    this.#position = null;
    this.#open();
  }

  stop(): void {
    void this.#following?.stop();
  }

  #open(): void {
    const { url, filter, selection, webSocketImpl } = this.#options;
    let isCurrent = true;
    const handlers: Pick<
      FollowOptions<ListedEvent>,
      'onEvent' | 'onProgress' | 'onConnect' | 'onBreak' | 'onGap'
    > = {
      onEvent: (event) => {
        if (isCurrent) isCurrent = this.#take(event);
      },
      onProgress: (position) => {
        if (!isCurrent) return;
        this.#position = position;
        // From here on nothing is missed, whenever it is recorded.
        if (this.#state.status === 'CONNECTING') this.#change({ status: 'LIVE' });
      },
      onConnect: () => this.#connected(),
      onBreak: (error) => this.#broken(error),
      onGap: (gap) => this.#gap(gap),
    };
    const following = follow<ListedEvent>(url, {
      filter,
      selection,
      webSocketImpl,
      ...(this.#position && {
        afterIndex: this.#position.index,
        journalId: this.#position.journalId,
      }),
      ...handlers,
    });
    this.#following = following;
    this.#change({ status: 'CONNECTING' });
    following.done.catch((error: Error) => {
      if (this.#following === following) this.#note('ENDED', error.message, 'ENDED');
    });
  }

  /** False where the feed is left until somebody continues. */
  #take(event: ListedEvent): boolean {
    const { journalId } = this.#following ?? {};
    if (journalId) this.#position = { index: event.index, journalId };
    if (!this.#state.isPaused) {
      this.#show([event]);
      return true;
    }
    this.#waiting.push(event);
    const isFull = this.#waiting.length >= this.#maxWaiting;
    this.#change({ waiting: this.#waiting.length, isFull });
    if (isFull) this.stop();
    return !isFull;
  }

  #show(arrived: readonly ListedEvent[]): void {
    for (const event of arrived) this.#shown.push(event);
    if (this.#shown.length >= 2 * this.#maxShown) this.#shown = this.#shown.slice(-this.#maxShown);
    this.#newestFirst = null;
    this.#change({ shownCount: this.#state.shownCount + arrived.length });
  }

  #connected(): void {
    // Without a place the feed has not begun yet: the first progress says that it has.
    if (this.#position === null || this.#state.status !== 'BROKEN') {
      this.#change({ status: this.#position === null ? 'CONNECTING' : 'LIVE' });
      return;
    }
    const text = `Connected again: goes on after index ${this.#position.index}, nothing is missing.`;
    this.#note('RESUMED', text, 'LIVE');
  }

  #broken(error: Error): void {
    // Once a break, not once an attempt.
    if (this.#state.status === 'BROKEN') return;
    this.#note('BREAK', `The connection broke: ${error.message} Connecting again.`, 'BROKEN');
  }

  #gap({
    afterIndex,
    firstIndex,
  }: {
    readonly afterIndex: number;
    readonly firstIndex: number;
  }): void {
    this.#note(
      'GAP',
      `The events from index ${afterIndex + 1} to ${firstIndex} are not kept any more: they are missing here.`,
      this.#state.status,
    );
  }

  #note(kind: TailNotice['kind'], text: string, status: TailState['status']): void {
    const notice = { atMs: Date.now(), kind, text };
    const notices = [notice, ...this.#state.notices].slice(0, maxNotices);
    this.#change({ status, notices });
  }

  #change(changed: Partial<Omit<TailState, 'events'>>): void {
    this.#state = { ...this.#state, ...changed };
    this.#options.onChange();
  }
}
