import type { Journal } from '../journal/journal.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import { logUnexpectedError } from '../telemetry/unexpected-error.ts';
import { Channels } from './channels.ts';
import { Distributor, type Target } from './distributor.ts';
import { FeedError, type FeedRequest } from './feed.ts';
import { FilterIndex } from './filter-index.ts';
import { History } from './history.ts';
import { PulledFeed, type Source } from './pulled-feed.ts';
import { Ring } from './ring.ts';
import { type Home, Subscriber } from './subscriber.ts';
import type { FeedOperation, FeedSink, Subscription } from './subscription.ts';
import { warm } from './warm.ts';

export interface LiveLimits {
  /** Recent changes kept in memory, from which feeds resume without the store, and their bytes at most. */
  readonly ringChanges: number;
  readonly ringBytes: number;
  /** How many of them are read from the store at the start. */
  readonly warmChanges: number;
  /** Events of history that are read at once. */
  readonly pageEvents: number;
  /** Changes handed out before everything else in the process gets its turn. */
  readonly turnChanges: number;
  /** Distinct subscriptions at most. */
  readonly maxChannels: number;
  /** Milliseconds a feed waits for a store that does not answer, and for a journal in trouble. */
  readonly storePatience: number;
  readonly journalPatience: number;
  /** Milliseconds after which a feed that nothing matched is told how far the journal got; at most 9,000. */
  readonly checkpointAfter: number;
}

const defaultLiveLimits: LiveLimits = {
  ringChanges: 16_384,
  ringBytes: 64 * 2 ** 20,
  warmChanges: 4_096,
  pageEvents: 256,
  turnChanges: 128,
  maxChannels: 50_000,
  storePatience: 10_000,
  journalPatience: 30_000,
  checkpointAfter: 8_000,
};

export interface LiveOptions {
  readonly journal: Journal;
  readonly store: Store;
  readonly log: Log;
  /** Told how many seconds passed from recordedAt until a live event was handed to its subscriptions. */
  readonly onDelay?: (seconds: number) => void;
  readonly limits?: Partial<LiveLimits>;
}

/** What is open now, and what was counted since the start. */
export interface LiveStats {
  readonly subscriptions: number;
  readonly channels: number;
  /** Feeds that are read through openFeed. */
  readonly feeds: number;
  /** Changes in memory, from which feeds resume without the store. */
  readonly recent: number;
  /** Terms and filters in the filter index. */
  readonly indexEntries: number;
  /** Messages handed to subscriptions. */
  readonly deliveries: number;
}

/** How often quiet feeds and the journal's health are looked at. */
const tick = 1_000;

/** Live feeds over the journal, with their history from the store. Disposing ends them all. */
export class Live implements Disposable {
  readonly #options: LiveOptions;
  readonly #limits: LiveLimits;
  readonly #ring: Ring;
  readonly #index = new FilterIndex<Target>();
  readonly #distributor: Distributor;
  readonly #history: History;
  readonly #channels: Channels;
  readonly #subscribers = new Set<Subscriber>();
  readonly #feeds = new Set<PulledFeed>();
  readonly #home: Home;
  readonly #source: Source;
  readonly #unfollow: () => void;
  readonly #timer: NodeJS.Timeout;
  #deliveries = 0;
  #troubleSince: number | null = null;
  #closed = false;

  constructor(options: LiveOptions) {
    const { journal, store, onDelay = () => {} } = options;
    this.#options = options;
    this.#limits = { ...defaultLiveLimits, ...options.limits };
    const ring = new Ring(this.#limits);
    this.#ring = ring;
    this.#distributor = new Distributor(ring, this.#index, this.#limits.turnChanges);
    const { storePatience: patience, pageEvents } = this.#limits;
    this.#history = new History({ journal, store, ring, patience, pageEvents });
    this.#channels = new Channels(this.#index, {
      delay: onDelay,
      delivered: (subscriptions) => {
        this.#deliveries += subscriptions;
      },
    });
    this.#home = this.#createHome();
    this.#source = this.#createSource();
    this.#unfollow = journal.follow(this.#distributor.follow);
    this.#timer = setInterval(() => this.#tick(), tick).unref();
    void this.#warm();
  }

  /**
   * Begins to send a subscription's messages to a sink; equal subscriptions share execution and text. The sink
   * is told of every other fault than the one that is thrown.
   * @throws FeedError TOO_MANY
   */
  readonly subscribe = (operation: FeedOperation, sink: FeedSink): Subscription => {
    this.#admit(operation);
    const subscriber = new Subscriber(operation, sink, this.#home);
    this.#subscribers.add(subscriber);
    if (this.#closed) subscriber.end(null);
    else subscriber.start();
    return subscriber;
  };

  /** Follows the journal by pulling: see OpenFeed. */
  readonly openFeed = (request: FeedRequest, signal: AbortSignal): PulledFeed => {
    // Now is when it is opened, even if it is read later.
    const { afterIndex, journalId = null } = request;
    const begin = afterIndex === null && journalId === null ? this.#history.now : null;
    const feed = new PulledFeed(request, begin, signal, this.#source);
    if (this.#closed) feed.end(null);
    return feed;
  };

  stats(): LiveStats {
    return {
      subscriptions: this.#subscribers.size,
      channels: this.#channels.size,
      feeds: this.#feeds.size,
      recent: this.#ring.size,
      indexEntries: this.#index.entries,
      deliveries: this.#deliveries,
    };
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#unfollow();
    this.#endAll(null);
    this.#distributor[Symbol.dispose]();
  }

  #createHome(): Home {
    return {
      history: this.#history,
      checkpointAfter: this.#limits.checkpointAfter,
      caughtUp: (subscriber) => this.#distributor.join(subscriber, this.#options.journal.position),
      joined: (subscriber) => this.#channels.add(subscriber.operation, subscriber),
      left: (subscriber) => {
        this.#subscribers.delete(subscriber);
        this.#distributor.forget(subscriber);
        this.#channels.delete(subscriber.operation, subscriber);
      },
      failed: (error) => logUnexpectedError(this.#options.log, { error, where: 'live feed' }),
    };
  }

  #createSource(): Source {
    return {
      history: this.#history,
      index: this.#index,
      checkpointAfter: this.#limits.checkpointAfter,
      opened: (feed) => this.#feeds.add(feed),
      ended: (feed) => this.#feeds.delete(feed),
    };
  }

  /** One that still reads history executes on its own and counts as a channel. */
  #admit(operation: FeedOperation): void {
    const { maxChannels } = this.#limits;
    if (this.#channels.has(operation) && operation.request.afterIndex === null) return;
    const reading = this.#subscribers.size - this.#channels.members;
    if (this.#channels.size + reading < maxChannels) return;
    throw new FeedError(
      'TOO_MANY',
      `The gateway serves at most ${maxChannels} distinct subscriptions at a time.`,
    );
  }

  async #warm(): Promise<void> {
    const { journal, store, log } = this.#options;
    try {
      await warm(this.#ring, { journal, store, changes: this.#limits.warmChanges });
    } catch (error) {
      log.debug({ error }, 'The ring begins empty.');
    }
  }

  #tick(): void {
    this.#watchJournal();
    const { distributed } = this.#distributor;
    this.#channels.checkpoint(distributed, this.#limits.checkpointAfter);
    for (const feed of this.#feeds) feed.checkpoint(distributed);
  }

  /** What a gateway cannot hear of, another may: feeds do not stall silently. */
  #watchJournal(): void {
    const healthReason = this.#options.journal.healthReason();
    this.#troubleSince = healthReason === null ? null : (this.#troubleSince ?? performance.now());
    if (this.#troubleSince === null) return;
    if (performance.now() - this.#troubleSince < this.#limits.journalPatience) return;
    this.#endAll((lastIndex) => new FeedError('UNAVAILABLE', healthReason ?? '', { lastIndex }));
  }

  #endAll(error: ((lastIndex: number) => FeedError) | null): void {
    for (const subscriber of this.#subscribers) subscriber.end(error?.(subscriber.index) ?? null);
    for (const feed of this.#feeds) feed.end(error?.(feed.index) ?? null);
  }
}
